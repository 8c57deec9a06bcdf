-- An attempt from its claim to its end.

local function refusal(shared, sub, calls, c, state)
  if redis.call('EXISTS', shared.halted) == 1 then return 'not_running' end
  if redis.call('HGET', shared.run, c.sub) ~= 'running' then return 'not_running' end
  if not state or state.version ~= c.version or state.live ~= NOBODY then return 'stale' end
  if not c.allowed then return 'not_allowed_number' end
  for _, address in ipairs(c.addresses) do
    if redis.call('HEXISTS', shared.do_not_call, address) == 1 then return 'do_not_call' end
  end
  if c.open_until and c.now >= c.open_until then return 'outside_window' end
  for _, number in ipairs(c.numbers) do
    if redis.call('HEXISTS', shared.busy, number) == 1 then return 'person_busy' end
  end
  for i, number in ipairs(c.numbers) do
    local tries = tonumber(redis.call('HGET', sub.tries, number) or 0)
    if c.per_contact and tries >= c.per_contact then return 'cap_person' end
    if c.per_day and redis.call('ZCOUNT', calls[i], c.day_from, '+inf') >= c.per_day then return 'cap_person' end
  end
  return ''
end

local function write_claim(shared, sub, calls, attempt_key, c, old)
  for i, number in ipairs(c.numbers) do
    redis.call('HSET', shared.busy, number, c.attempt)
    redis.call('HINCRBY', sub.tries, number, 1)
    redis.call('ZREMRANGEBYSCORE', calls[i], '-inf', c.now - 8 * DAY)
    redis.call('ZADD', calls[i], c.now, c.attempt)
    redis.call('EXPIRE', calls[i], 9 * DAY)
  end
  redis.call('HSET', attempt_key, 'intent', c.intent, 'stage', 'intent', 'sub', c.sub, 'contact', c.contact,
    'numbers', cmsgpack.pack(c.numbers), 'addresses', cmsgpack.pack(c.addresses),
    'before', old.body, 'before_stand', old.stand)
  redis.call('SADD', shared.live, c.attempt)
  redis.call('HINCRBY', sub.control, 'served:' .. c.list, 1)
  write_state(shared, sub, c.contact, old, c, c.attempt)
  note_recovery(shared.history, c.contact, c.sub, c.recovery)
  append(shared.ledger, sub.figures, c.lines)
end

-- One answer per claim: '' or why not.
local function claim(keys, args)
  local shared, at = common(keys)
  local answers = {}
  for i, c in ipairs(cmsgpack.unpack(args[1])) do
    local attempt_key, sub, calls = keys[at], nil, {}
    sub, at = sub_keys(keys, at + 1)
    for n = 1, #c.numbers do calls[n] = keys[at + n - 1] end
    at = at + #c.numbers
    local old = read_state(sub, c.contact)
    answers[i] = refusal(shared, sub, calls, c, old)
    if answers[i] == '' then write_claim(shared, sub, calls, attempt_key, c, old) end
  end
  return answers
end

local function unlock(shared, attempt, packed_numbers)
  for _, number in ipairs(cmsgpack.unpack(packed_numbers)) do
    if redis.call('HGET', shared.busy, number) == attempt then redis.call('HDEL', shared.busy, number) end
  end
end

local function close(shared, attempt_key, facts_key, attempt)
  redis.call('HSET', attempt_key, 'stage', 'ended')
  redis.call('EXPIRE', attempt_key, DAY)
  redis.call('EXPIRE', facts_key, DAY)
  redis.call('SREM', shared.live, attempt)
end

-- keys: common, attempt, its facts, sub. 'recorded', 'ended' (it was before) or 'stale'.
local function record(keys, args)
  local shared, at = common(keys)
  local attempt_key, facts_key = keys[at], keys[at + 1]
  local sub = sub_keys(keys, at + 2)
  local r = cmsgpack.unpack(args[1])
  local stage, numbers, addresses = unpack(redis.call('HMGET', attempt_key, 'stage', 'numbers', 'addresses'))
  if not stage or stage == 'ended' then return 'ended' end
  local old = read_state(sub, r.contact)
  if not old or old.version ~= r.version or old.live ~= r.attempt then return 'stale' end
  unlock(shared, r.attempt, numbers)
  write_state(shared, sub, r.contact, old, r, NOBODY)
  note_outcome(shared.history, r.contact, r.ended)
  note_recovery(shared.history, r.contact, r.sub, r.recovery)
  if r.opt_out then
    for _, address in ipairs(cmsgpack.unpack(addresses)) do
      redis.call('HSETNX', shared.do_not_call, address, r.opt_out)
    end
  end
  append(shared.ledger, sub.figures, r.lines)
  redis.call('HSET', attempt_key, 'result', r.ended.result)
  close(shared, attempt_key, facts_key, r.attempt)
  return 'recorded'
end

-- keys: common, attempt, its facts, sub, calls of each number. Puts everything back as it was before the claim.
local function release(keys, args)
  local shared, at = common(keys)
  local attempt_key, facts_key, sub = keys[at], keys[at + 1], nil
  sub, at = sub_keys(keys, at + 2)
  local r = cmsgpack.unpack(args[1])
  local stage, numbers, before, before_stand =
    unpack(redis.call('HMGET', attempt_key, 'stage', 'numbers', 'before', 'before_stand'))
  if not stage or stage == 'ended' then return 0 end
  unlock(shared, r.attempt, numbers)
  for i, number in ipairs(cmsgpack.unpack(numbers)) do
    redis.call('ZREM', keys[at + i - 1], r.attempt)
    redis.call('HINCRBY', sub.tries, number, -1)
  end
  local old = read_state(sub, r.contact)
  if old and old.live == r.attempt then
    r.body, r.stand = before, tonumber(before_stand)
    write_state(shared, sub, r.contact, old, r, NOBODY)
    note_recovery(shared.history, r.contact, r.sub, r.recovery)
  end
  append(shared.ledger, sub.figures, r.lines)
  close(shared, attempt_key, facts_key, r.attempt)
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

register('claim', claim, {})
register('placed', placed, {})
register('record', record, {})
register('release', release, {})
register('add_fact', add_fact, {})
