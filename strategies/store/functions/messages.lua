-- Texts and emails after they were handed over: whose message it was, and what comes in about it.

local KEPT = 60 * DAY -- as long as a reply, a bounce or a link may find its message

-- keys: attempt, its message, by the gateway's id, by the address. 0 if the attempt is no mere intent any more.
local function accepted(keys, args)
  local a = cmsgpack.unpack(args[1])
  local stage, intent = unpack(redis.call('HMGET', keys[1], 'stage', 'intent'))
  if stage ~= 'intent' and stage ~= 'placed' then return 0 end
  redis.call('HSET', keys[1], 'stage', 'placed', 'until', a['until'])
  redis.call('HSET', keys[2], 'intent', intent)
  redis.call('EXPIRE', keys[2], KEPT)
  if a.by_id then redis.call('SET', keys[3], a.attempt, 'EX', KEPT) end
  redis.call('SET', keys[4], a.attempt, 'EX', KEPT)
  return 1
end

-- keys: do-not-call, ledger, figures, inbox, its notices, taken in. 0 if it was taken in before. Who wants no more gets
-- no more from this step on, whatever else is to be done about it.
local function take_in(keys, args)
  local n = cmsgpack.unpack(args[1])
  if not redis.call('SET', keys[6], '1', 'NX', 'EX', 2 * DAY) then return 0 end
  local new = 0
  for _, address in ipairs(n.addresses) do new = new + redis.call('HSETNX', keys[1], address, n.note) end
  if new > 0 then append(keys[2], keys[3], n.lines) end
  redis.call('HSET', keys[5], n.id, n.notice)
  redis.call('ZADD', keys[4], n.at, n.id)
  return 1
end

-- keys: inbox, its notices.
local function inbox(keys, args)
  local i = cmsgpack.unpack(args[1])
  local ids = redis.call('ZRANGEBYSCORE', keys[1], '-inf', i.now, 'LIMIT', 0, i.limit)
  local found = {}
  for _, id in ipairs(ids) do
    found[#found + 1] = id
    found[#found + 1] = redis.call('HGET', keys[2], id)
  end
  return found
end

-- keys: common, message, inbox, its notices, sub. What was said after an attempt's end, once per notice; 0 if it was
-- written before, 'stale' if the contact is to be read again, 'live' while an attempt is in progress.
local function amend(keys, args)
  local shared, at = common(keys)
  local message, inbox_key, notices = keys[at], keys[at + 1], keys[at + 2]
  local sub = sub_keys(keys, at + 3)
  local a = cmsgpack.unpack(args[1])
  if redis.call('HEXISTS', notices, a.notice) == 0 then return 'done' end
  local old = read_state(sub, a.contact)
  if not old or old.version ~= a.version then return 'stale' end
  if old.live ~= NOBODY then return 'live' end
  write_state(shared, sub, a.contact, old, a, NOBODY)
  note_recovery(shared.history, a.contact, a.sub, a.recovery)
  for _, address in ipairs(a.addresses) do redis.call('HSETNX', shared.do_not_call, address, a.note) end
  if a.result then redis.call('HSET', message, 'result', a.result) end
  append(shared.ledger, sub.figures, a.lines)
  redis.call('HDEL', notices, a.notice)
  redis.call('ZREM', inbox_key, a.notice)
  return 'amended'
end

-- keys: inbox, its notices.
local function settle(keys, args)
  local s = cmsgpack.unpack(args[1])
  redis.call('ZREM', keys[1], s.notice)
  return redis.call('HDEL', keys[2], s.notice)
end

register('accepted', accepted, {})
register('take_in', take_in, {})
register('inbox', inbox, {'no-writes'})
register('amend', amend, {})
register('settle', settle, {})
