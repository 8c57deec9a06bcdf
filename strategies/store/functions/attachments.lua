-- Lists in a sub-campaign: attached, weighted, paused, detached, and contacts that go from one to another.

-- A list that comes to work, or comes back to it, has no claim on the time it was away: it begins where the one that is
-- furthest behind stands.
local function catch_up(control, index)
  local weight = tonumber(redis.call('HGET', control, 'weight:' .. index) or 1)
  local lowest
  for other = 0, tonumber(redis.call('HGET', control, 'lists')) - 1 do
    if other ~= index and not redis.call('HGET', control, other) then
      local served, its = unpack(redis.call('HMGET', control, 'served:' .. other, 'weight:' .. other))
      local level = tonumber(served or 0) / tonumber(its or 1)
      lowest = math.min(lowest or level, level)
    end
  end
  local served = tonumber(redis.call('HGET', control, 'served:' .. index) or 0)
  if lowest and lowest * weight > served then
    redis.call('HSET', control, 'served:' .. index, math.floor(lowest * weight))
  end
end

local function reweigh(control, index, weight)
  local old, served = unpack(redis.call('HMGET', control, 'weight:' .. index, 'served:' .. index))
  redis.call('HSET', control, 'weight:' .. index, weight)
  if served then
    local share = tonumber(served) / tonumber(old or 1)
    redis.call('HSET', control, 'served:' .. index, math.floor(share * tonumber(weight)))
  end
end

-- keys: common, sub. The index of the list; -1 when it stands otherwise than `was` and `was_weight` say, -2 when the
-- sub-campaign is over.
local function set_list(keys, args)
  local shared, at = common(keys)
  local sub = sub_keys(keys, at)
  local l = cmsgpack.unpack(args[1])
  local run = redis.call('HGET', shared.run, l.sub)
  if not run or run == 'stopped' or run == 'completed' then return -2 end
  local index = tonumber(redis.call('HGET', sub.control, 'list:' .. l.list))
  local was, was_weight
  if index then was, was_weight = unpack(redis.call('HMGET', sub.control, index, 'weight:' .. index)) end
  if (index or -1) ~= l.index or (was or '') ~= l.was or tonumber(was_weight or 1) ~= l.was_weight then return -1 end
  if not index then
    index = redis.call('HINCRBY', sub.control, 'lists', 1) - 1
    redis.call('HSET', sub.control, 'list:' .. l.list, index)
  end
  if l.weight ~= l.was_weight then reweigh(sub.control, index, l.weight) end
  if l.set == '' then redis.call('HDEL', sub.control, index) else redis.call('HSET', sub.control, index, l.set) end
  if l.set == '' and (l.was ~= '' or l.index < 0) then catch_up(sub.control, index) end
  if l.set ~= l.was then wake(sub) end
  append(shared.ledger, sub.figures, l.lines)
  return index
end

-- keys: common, sub with the new list, the old list's lane, then the attempts of those who have one. How many were
-- moved; a state that has changed meanwhile stays. An attempt that is undone leads back to the new list, too.
local function relist(keys, args)
  local shared, at = common(keys)
  local sub, next_key = sub_keys(keys, at)
  local from, attempt_key = keys[next_key], next_key + 1
  local r = cmsgpack.unpack(args[1])
  local moved = 0
  for _, one in ipairs(r.contacts) do
    local key
    if one.undo then key, attempt_key = keys[attempt_key], attempt_key + 1 end
    local old = read_state(sub, one.contact)
    if old and old.version == one.version then
      if key then redis.call('HSET', key, 'undo', one.undo, 'before', one.before) end
      redis.call('HSET', sub.state, one.contact,
        string.format('%d %d %d %s %s', old.version + 1, old.stand, old.rank, old.live, one.body))
      local due = redis.call('ZSCORE', from, one.contact)
      if due then
        redis.call('ZREM', from, one.contact)
        redis.call('ZADD', sub.due, due, one.contact)
      end
      moved = moved + 1
    end
  end
  append_counted(shared.ledger, sub.figures, r.line, moved)
  return moved
end

-- keys: common, sub. How many of those who ended because their list was detached are in it again, and due.
local function reopen(keys, args)
  local shared, at = common(keys)
  local sub = sub_keys(keys, at)
  local r = cmsgpack.unpack(args[1])
  local reopened = 0
  for _, one in ipairs(r.contacts) do
    local old = read_state(sub, one.contact)
    if old and old.version == one.version and old.live == NOBODY then
      write_state(shared, sub, one.contact, old, one, NOBODY)
      reopened = reopened + 1
    end
  end
  append_counted(shared.ledger, sub.figures, r.line, reopened)
  return reopened
end

-- keys: lists, from, to. How many were not on the other list yet.
local function move_members(keys, args)
  local m = cmsgpack.unpack(args[1])
  local last = redis.call('ZRANGE', keys[3], -1, -1, 'WITHSCORES')
  local place, new = tonumber(last[2] or -1), 0
  redis.call('SADD', keys[1], m.to)
  for i, contact in ipairs(m.contacts) do
    redis.call('ZREM', keys[2], contact)
    new = new + redis.call('ZADD', keys[3], 'NX', place + i, contact)
  end
  return new
end

register('move_members', move_members, {})
register('set_list', set_list, {})
register('relist', relist, {})
register('reopen', reopen, {})
