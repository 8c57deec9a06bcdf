-- Whose turn it is: a contact's state, the lanes, passes that end.

-- 0 when stale, or while an attempt is live: only its end may write then.
local function put_one(shared, sub, p)
  local old = read_state(sub, p.contact)
  if not old or old.version ~= p.version or old.live ~= NOBODY then return 0 end
  write_state(shared, sub, p.contact, old, p, NOBODY)
  note_recovery(shared.history, p.contact, p.sub, p.recovery)
  append(shared.ledger, sub.figures, p.lines)
  return 1
end

-- keys: common, sub. Contacts of one list; an answer for each.
local function put(keys, args)
  local shared, at = common(keys)
  local sub, answers = sub_keys(keys, at), {}
  for i, p in ipairs(cmsgpack.unpack(args[1])) do answers[i] = put_one(shared, sub, p) end
  return answers
end

-- keys: common, sub, contacts. How many were new; the line's `contacts` is set to that.
local function enrol(keys, args)
  local shared, at = common(keys)
  local sub, next_key = sub_keys(keys, at)
  local e = cmsgpack.unpack(args[1])
  local rank, new = redis.call('HLEN', sub.state), 0
  for _, contact in ipairs(e.contacts) do
    if redis.call('HEXISTS', keys[next_key], contact) == 1
      and redis.call('HSETNX', sub.state, contact, string.format('0 0 %d - %s', rank + new, e.body)) == 1 then
      redis.call('ZADD', sub.due, e.due + (rank + new) * RANK, contact)
      new = new + 1
    end
  end
  if new > 0 then redis.call('HINCRBY', sub.stands, 0, new) end
  append_counted(shared.ledger, sub.figures, e.line, new)
  return new
end

local function lists_of(sub)
  return tonumber(redis.call('HGET', sub.control, 'lists') or 1)
end

local function with_records(ids, contacts, state)
  if #ids == 0 then return {} end
  local records, states, found = read_all(contacts, ids), read_all(state, ids), {}
  for i = 1, #ids do found[2 * i - 1], found[2 * i] = records[i], states[i] end
  return found
end

-- Up to `room` ids of a lane whose moment has come.
local function ready(lane, now, room)
  if room <= 0 then return {} end
  return redis.call('ZRANGEBYSCORE', lane, '-inf', now, 'LIMIT', 0, room)
end

-- The lists that are worked on: each with its lane, its weight and what was claimed from it.
local function worked_on(control, keys, at)
  local lists = {}
  for place = at, #keys do
    local index = place - at
    local set, weight, served =
      unpack(redis.call('HMGET', control, index, 'weight:' .. index, 'served:' .. index))
    if not set then
      lists[#lists + 1] = {lane = keys[place], weight = tonumber(weight or 1), served = tonumber(served or 0)}
    end
  end
  return lists
end

-- Up to `room` ids over all lists, always from the one that is furthest behind its weight.
local function by_weight(lists, now, room)
  local ids = {}
  for _, list in ipairs(lists) do list.ids, list.next = ready(list.lane, now, room), 1 end
  while #ids < room do
    local best
    for _, list in ipairs(lists) do
      if list.ids[list.next] and (not best or list.served / list.weight < best.served / best.weight) then
        best = list
      end
    end
    if not best then break end
    ids[#ids + 1] = best.ids[best.next]
    best.next, best.served = best.next + 1, best.served + 1
  end
  return ids
end

-- keys: sub, contacts, the due lanes of the lists by index. Contact, record, state, contact, ... : promises first, then
-- messages, who was woken, and the lists by their weights, each in its order. How many lists there are comes first:
-- fewer lanes than that, and nothing was done.
local function due(keys, args)
  local sub, at = sub_keys(keys, 1)
  local d = cmsgpack.unpack(args[1])
  local lists = lists_of(sub)
  if #keys - at < lists then return {lists, false} end
  local now = d.now + redis.call('HLEN', sub.state) * RANK -- the last place of the list is due with the first
  local ids = {}
  local function take(more, from, to)
    for place = from or 1, math.min(to or #more, #more) do ids[#ids + 1] = more[place] end
  end
  if d.calls then take(ready(sub.promised, now, d.limit)) end
  if d.messages then take(ready(sub.messages, now, d.limit - #ids)) end
  if d.calls then
    local woken = ready(sub.waking, '+inf', d.limit - #ids)
    local half = math.ceil((d.limit - #ids) / 2) -- the lists do not wait for a crowd that was woken, nor it for them
    take(woken, 1, half)
    take(by_weight(worked_on(sub.control, keys, at + 1), now, d.limit - #ids))
    take(woken, half + 1, half + d.limit - #ids)
  end
  return {lists, with_records(ids, keys[at], sub.state)}
end

-- keys: sub, contacts, due lanes. Who waits in these lanes, or in any, whatever the moment.
local function waiting(keys, args)
  local sub, at = sub_keys(keys, 1)
  local w = cmsgpack.unpack(args[1])
  local lists, lanes, ids = lists_of(sub), {}, {}
  if w.all and #keys - at < lists then return {lists, false} end
  for place = at + 1, #keys do lanes[#lanes + 1] = keys[place] end
  for _, lane in ipairs(w.all and {'waking', 'promised', 'messages', 'parked'} or {}) do
    lanes[#lanes + 1] = sub[lane]
  end
  for _, lane in ipairs(lanes) do
    for _, id in ipairs(ready(lane, '+inf', w.limit - #ids)) do ids[#ids + 1] = id end
  end
  return {lists, with_records(ids, keys[at], sub.state)}
end

-- keys: sub, contacts, due lanes. Up to `limit` of those who wait for a later moment, or for none, are looked at again.
local function rouse(keys, args)
  local sub, at = sub_keys(keys, 1)
  local r, lists = cmsgpack.unpack(args[1]), lists_of(sub)
  if #keys - at < lists then return {lists, false} end
  local later = string.format('(%.6f', r.now + redis.call('HLEN', sub.state) * RANK)
  local lanes, moved = {{sub.promised, later}, {sub.messages, later}, {sub.parked, '-inf'}}, 0
  for place = at + 1, r.promised and at or #keys do lanes[#lanes + 1] = {keys[place], later} end
  for _, lane in ipairs(lanes) do
    if moved < r.limit then
      local found = redis.call('ZRANGEBYSCORE', lane[1], lane[2], '+inf', 'WITHSCORES', 'LIMIT', 0, r.limit - moved)
      for i = 1, #found, 2 do
        redis.call('ZADD', sub.waking, found[i + 1], found[i])
        redis.call('ZREM', lane[1], found[i])
      end
      moved = moved + #found / 2
    end
  end
  return {lists, moved}
end

-- keys: sub. Whoever waited for a pass to end looks again.
local function pass_ended(keys, args)
  local sub = sub_keys(keys, 1)
  local p = cmsgpack.unpack(args[1])
  if redis.call('HSETNX', sub.passes_ended, p.pass, p.at) == 0 then return 0 end
  wake(sub)
  return 1
end

register('put', put, {})
register('enrol', enrol, {})
register('due', due, {'no-writes'})
register('waiting', waiting, {'no-writes'})
register('rouse', rouse, {})
register('pass_ended', pass_ended, {})
