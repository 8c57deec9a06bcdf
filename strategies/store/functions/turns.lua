-- Whose turn it is: a contact's state, the lanes, passes that end.

-- keys: common, sub. 0 when stale, or while an attempt is live: only its end may write then.
local function put(keys, args)
  local shared, at = common(keys)
  local sub = sub_keys(keys, at)
  local p = cmsgpack.unpack(args[1])
  local old = read_state(sub, p.contact)
  if not old or old.version ~= p.version or old.live ~= NOBODY then return 0 end
  write_state(shared, sub, p.contact, old, p, NOBODY)
  note_recovery(shared.history, p.contact, p.sub, p.recovery)
  append(shared.ledger, sub.figures, p.lines)
  return 1
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
  if new > 0 then
    redis.call('HINCRBY', sub.stands, 0, new)
    local text = string.gsub(e.line[1], '"contacts":0', '"contacts":' .. new, 1)
    append(shared.ledger, sub.figures, {{text, {e.line[2][1], new}}})
  end
  return new
end

-- keys: sub, contacts. Contact, record, state, contact, ... : promises first, then the list in order.
local function due(keys, args)
  local sub, at = sub_keys(keys, 1)
  local d = cmsgpack.unpack(args[1])
  local now = d.now + redis.call('HLEN', sub.state) * RANK -- the last place of the list is due with the first
  local ids = {}
  for _, lane in ipairs({'promised', 'due', 'waking'}) do
    local room = d.limit - #ids
    local bound = lane == 'waking' and '+inf' or now
    if room > 0 then
      for _, id in ipairs(redis.call('ZRANGEBYSCORE', sub[lane], '-inf', bound, 'LIMIT', 0, room)) do
        ids[#ids + 1] = id
      end
    end
  end
  local found = {}
  for _, id in ipairs(ids) do
    found[#found + 1] = redis.call('HGET', keys[at], id)
    found[#found + 1] = redis.call('HGET', sub.state, id)
  end
  return found
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
register('pass_ended', pass_ended, {})
