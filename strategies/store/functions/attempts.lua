-- An attempt from its claim to its end.

local function unlock(shared, attempt, marks)
  local holders, mine = redis.call('HMGET', shared.busy, unpack(marks)), {}
  for i, mark in ipairs(marks) do
    if holders[i] == attempt then mine[#mine + 1] = mark end
  end
  if #mine > 0 then redis.call('HDEL', shared.busy, unpack(mine)) end
end

-- Replaces what the claim wrote into the logs of the person: by nothing, or by an entry of another kind.
local function take_back(shared, undo, kind)
  relog(shared.calls, undo.marks, function(log, mark)
    local here = mark == undo.dialled
    local other = kind and entry_of(undo.at, kind, undo.debt, here)
    return log and swapped(log, entry_of(undo.at, undo.kind, undo.debt, here), other)
  end)
end

local function close(shared, attempt_key, facts_key, attempt, result)
  redis.call('HSET', attempt_key, 'stage', 'ended', 'result', result)
  redis.call('EXPIRE', attempt_key, DAY)
  redis.call('EXPIRE', facts_key, DAY)
  redis.call('SREM', shared.live, attempt)
end

-- A call that never connected is none about the debt; a conversation is the beginning of a silence about it.
local function log_end(shared, undo, r)
  if undo.debt ~= '' and undo.kind == 'v' and not r.connected then take_back(shared, undo, 'x') end
  if undo.debt ~= '' and undo.kind == 'v' and r.ended.conversation then
    note_spoken(shared.calls, undo.marks, undo.debt, r.ended.at)
  end
end

-- 'recorded', 'ended' (it was before) or 'stale'.
local function record_one(shared, sub, attempt_key, facts_key, r)
  local stage, told = unpack(redis.call('HMGET', attempt_key, 'stage', 'undo'))
  if not stage or stage == 'ended' then return 'ended' end
  local old = read_state(sub, r.contact)
  if not old or old.version ~= r.version or old.live ~= r.attempt then return 'stale' end
  local undo = cjson.decode(told)
  unlock(shared, r.attempt, undo.marks)
  log_end(shared, undo, r)
  write_state(shared, sub, r.contact, old, r, NOBODY)
  note_end(shared.history, r.contact, r.sub, r.ended, r.recovery)
  if r.opt_out then
    for _, addresses in ipairs({undo.addresses, r.suppress}) do
      for _, address in ipairs(addresses) do redis.call('HSETNX', shared.do_not_call, address, r.opt_out) end
    end
  end
  append(shared.ledger, sub.figures, r.lines)
  redis.call('HSET', attempt_key, 'result', r.ended.result)
  close(shared, attempt_key, facts_key, r.attempt, r.ended.result)
  return 'recorded'
end

-- keys: common, limits, of each end attempt, its facts, sub. One answer per end.
local function record(keys, args)
  local shared, at = common(keys)
  local answers = {}
  at = limit_keys(shared, keys, at)
  for i, r in ipairs(cmsgpack.unpack(args[1])) do
    local attempt_key, facts_key, sub = keys[at], keys[at + 1], nil
    sub, at = sub_keys(keys, at + 2)
    answers[i] = record_one(shared, sub, attempt_key, facts_key, r)
  end
  return answers
end

-- keys: common, limits, attempt, its facts, sub. Puts everything back as it was before the claim.
local function release(keys, args)
  local shared, at = common(keys)
  at = limit_keys(shared, keys, at)
  local attempt_key, facts_key = keys[at], keys[at + 1]
  local sub, r = sub_keys(keys, at + 2), cmsgpack.unpack(args[1])
  local stage, told, before = unpack(redis.call('HMGET', attempt_key, 'stage', 'undo', 'before'))
  if not stage or stage == 'ended' then return 0 end
  local undo = cjson.decode(told)
  unlock(shared, r.attempt, undo.marks)
  take_back(shared, undo, nil)
  for _, mark in ipairs(undo.per_contact and undo.marks or {}) do redis.call('HINCRBY', sub.tries, mark, -1) end
  if undo.per_number then redis.call('HINCRBY', sub.tries, '=' .. undo.dialled, -1) end
  redis.call('HINCRBY', sub.control, 'served:' .. undo.list, -1)
  local old = read_state(sub, r.contact)
  if old and old.live == r.attempt then
    local stand, body = string.match(before, '^%d+ (%S+) %d+ %S+ (.*)$')
    local back = {body = body, stand = tonumber(stand), due = r.due, lane = undo.lane}
    write_state(shared, sub, r.contact, old, back, NOBODY)
  end
  append(shared.ledger, sub.figures, r.lines)
  close(shared, attempt_key, facts_key, r.attempt, 'released')
  return 1
end

local function placed(keys)
  if redis.call('HGET', keys[1], 'stage') ~= 'intent' then return 0 end
  redis.call('HSET', keys[1], 'stage', 'placed')
  return 1
end

-- keys: attempt, its facts, all facts. A fact of an attempt nobody knows is dropped.
local function add_fact(keys, args)
  local f = cmsgpack.unpack(args[1])
  local stage = redis.call('HGET', keys[1], 'stage')
  if not stage then return 0 end
  redis.call('RPUSH', keys[2], f.fact)
  if stage == 'ended' then redis.call('EXPIRE', keys[2], DAY) end
  redis.call('XADD', keys[3], 'MAXLEN', '~', FACTS_KEPT, '*', 'attempt', f.attempt, 'fact', f.fact)
  return 1
end

register('placed', placed, {})
register('record', record, {})
register('release', release, {})
register('add_fact', add_fact, {})
