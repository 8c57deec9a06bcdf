#!lua name=secondpass_@VERSION@
-- What must be one step on the server: claims, the end of an attempt, a contact's state with its turn, the ledger with
-- its counters. Keys come in the order of keys.py; ARGV[1] is one msgpack table; nothing here knows the time.

local RANK = 1e-6 -- seconds between two places of a list that are due at the same moment
local DAY = 86400
local NOBODY = '-' -- in the head of a state: no live attempt
local FACTS_KEPT = 100000

local function common(keys)
  return {run = keys[1], halted = keys[2], do_not_call = keys[3], busy = keys[4], live = keys[5], ledger = keys[6],
    history = keys[7]}, 8
end

local function sub_keys(keys, at)
  return {state = keys[at], promised = keys[at + 1], due = keys[at + 2], parked = keys[at + 3], waking = keys[at + 4],
    stands = keys[at + 5], tries = keys[at + 6], figures = keys[at + 7], passes_ended = keys[at + 8]}, at + 9
end

local function read_state(sub, contact)
  local raw = redis.call('HGET', sub.state, contact)
  if not raw then return nil end
  local version, stand, rank, live, body = string.match(raw, '^(%d+) (%-?%d+) (%d+) (%S+) (.*)$')
  return {version = tonumber(version), stand = tonumber(stand), rank = tonumber(rank), live = live, body = body}
end

-- What a contact was to wait for may have come between the decision and this write: then nothing else would wake it.
local function missed(shared, sub, turn)
  if turn.after and redis.call('HEXISTS', sub.passes_ended, turn.after) == 1 then return true end
  return turn.paused and redis.call('HGET', shared.run, turn.sub) == 'running'
    and redis.call('EXISTS', shared.halted) == 0
end

local function queue_up(shared, sub, contact, rank, turn)
  local due = turn.due
  if not due and missed(shared, sub, turn) then due = turn.again end
  if due then
    redis.call('ZADD', turn.promised and sub.promised or sub.due, due + rank * RANK, contact)
  else
    redis.call('ZADD', sub.parked, rank, contact)
  end
end

-- Writes the state and puts the contact into the one lane where its turn is kept: none while an attempt is live.
-- `turn` says where it stands (see turns.py).
local function write_state(shared, sub, contact, old, turn, live)
  local head = string.format('%d %d %d %s ', old.version + 1, turn.stand, old.rank, live)
  redis.call('HSET', sub.state, contact, head .. turn.body)
  for _, lane in ipairs({'promised', 'due', 'parked', 'waking'}) do redis.call('ZREM', sub[lane], contact) end
  if live == NOBODY and turn.stand >= 0 then queue_up(shared, sub, contact, old.rank, turn) end
  if turn.stand ~= old.stand then
    redis.call('HINCRBY', sub.stands, old.stand, -1)
    redis.call('HINCRBY', sub.stands, turn.stand, 1)
  end
end

-- Each line is its text and what it adds to the figures, as field, amount, field, amount, ...
local function append(ledger, figures, lines)
  for _, line in ipairs(lines) do
    redis.call('XADD', ledger, '*', 'line', line[1])
    local adds = line[2]
    for i = 1, #adds, 2 do redis.call('HINCRBY', figures, adds[i], adds[i + 1]) end
  end
end

-- A task of recovery is a fact for whoever answers this person's next call, so it stands in the history too.
local function note_recovery(history, contact, sub_name, expires)
  local raw = redis.call('HGET', history, contact)
  local known = raw and cjson.decode(raw) or {}
  known.recovery = known.recovery or {}
  if not expires and not known.recovery[sub_name] then return end
  known.recovery[sub_name] = expires or nil
  redis.call('HSET', history, contact, cjson.encode(known))
end

local function note_outcome(history, contact, ended)
  local raw = redis.call('HGET', history, contact)
  local known = raw and cjson.decode(raw) or {}
  known.attempts = (known.attempts or 0) + 1
  known.conversations = (known.conversations or 0) + (ended.conversation and 1 or 0)
  known.last_result, known.last_responses, known.last_at = ended.result, ended.responses, ended.at
  redis.call('HSET', history, contact, cjson.encode(known))
end

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

local function wake(sub)
  if redis.call('EXISTS', sub.parked) == 0 then return end
  redis.call('ZUNIONSTORE', sub.waking, 2, sub.waking, sub.parked)
  redis.call('DEL', sub.parked)
end

-- keys: sub. Whoever waited for a pass to end looks again.
local function pass_ended(keys, args)
  local sub = sub_keys(keys, 1)
  local p = cmsgpack.unpack(args[1])
  if redis.call('HSETNX', sub.passes_ended, p.pass, p.at) == 0 then return 0 end
  wake(sub)
  return 1
end

-- keys: run, ledger, sub. Stopped and completed are final.
local function set_run_state(keys, args)
  local sub = sub_keys(keys, 3)
  local s = cmsgpack.unpack(args[1])
  local current = redis.call('HGET', keys[1], s.sub)
  if not current or current == 'stopped' or current == 'completed' then return 0 end
  redis.call('HSET', keys[1], s.sub, s.state)
  append(keys[2], sub.figures, s.lines)
  if s.state == 'running' then wake(sub) end
  return 1
end

-- keys: halted, then every sub.
local function unhalt(keys)
  redis.call('DEL', keys[1])
  local at = 2
  while at <= #keys do
    local sub
    sub, at = sub_keys(keys, at)
    wake(sub)
  end
  return 1
end

-- keys: subs, run, ledger, figures.
local function create_sub(keys, args)
  local s = cmsgpack.unpack(args[1])
  if redis.call('HSETNX', keys[1], s.sub, s.record) == 0 then return 0 end
  redis.call('HSET', keys[2], s.sub, s.state)
  append(keys[3], keys[4], s.lines)
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

-- Of several contacts with one number, the one that was spoken of last.
local function contact_of(number_key, history)
  local best, best_at
  local ids = redis.call('SMEMBERS', number_key)
  table.sort(ids)
  for _, id in ipairs(ids) do
    local raw = redis.call('HGET', history, id)
    local at = raw and cjson.decode(raw).last_at or 0
    if not best or at > best_at then best, best_at = id, at end
  end
  return best
end

-- keys: contacts, history, segments, queues, busy, number, attempt. One read for everything a decision needs.
local function caller(keys, args)
  local c = cmsgpack.unpack(args[1])
  local id = c.attempt and redis.call('HGET', keys[7], 'contact') or nil
  if not id and c.number then id = contact_of(keys[6], keys[2]) end
  local customer = id or c.number or ''
  return {id and redis.call('HGET', keys[1], id) or '', redis.call('HGET', keys[3], customer) or '',
    id and redis.call('HGET', keys[2], id) or '', redis.call('HGETALL', keys[4]),
    c.number and redis.call('HGET', keys[5], c.number) or ''}
end

-- keys: interaction, segments, ledger, figures. Once per interaction; 'conflict' when another call moved the customer.
local function reassociate(keys, args)
  local r = cmsgpack.unpack(args[1])
  if not redis.call('SET', keys[1], '1', 'NX', 'EX', DAY) then return 'repeated' end
  if r.segment then
    local raw = redis.call('HGET', keys[2], r.customer)
    local version = raw and cjson.decode(raw).version or 0
    if version ~= r.version then
      append(keys[3], keys[4], r.conflict)
      return 'conflict'
    end
    redis.call('HSET', keys[2], r.customer, r.segment)
  end
  append(keys[3], keys[4], r.lines)
  return 'done'
end

-- keys: do-not-call, ledger, figures.
local function do_not_call(keys, args)
  local d = cmsgpack.unpack(args[1])
  for _, address in ipairs(d.addresses) do redis.call('HSETNX', keys[1], address, d.note) end
  append(keys[2], keys[3], d.lines)
  return #d.addresses
end

-- keys: ledger, figures.
local function append_lines(keys, args)
  append(keys[1], keys[2], cmsgpack.unpack(args[1]).lines)
  return 1
end

-- keys: bridge. Held by one owner at a time, renewed by asking again; a ttl of 0 gives it back.
local function bridge_lease(keys, args)
  local l = cmsgpack.unpack(args[1])
  local holder = redis.call('GET', keys[1])
  if holder and holder ~= l.owner then return 0 end
  if l.ttl_ms > 0 then
    redis.call('SET', keys[1], l.owner, 'PX', l.ttl_ms)
  else
    redis.call('DEL', keys[1])
  end
  return 1
end

-- While a library loads, the server offers it nothing but its own functions: not even pairs.
local function register(name, callback, flags)
  redis.register_function{function_name = 'sp_' .. name .. '_@VERSION@', callback = callback, flags = flags}
end
register('claim', claim, {})
register('placed', placed, {})
register('put', put, {})
register('record', record, {})
register('release', release, {})
register('enrol', enrol, {})
register('due', due, {'no-writes'})
register('pass_ended', pass_ended, {})
register('create_sub', create_sub, {})
register('set_run_state', set_run_state, {})
register('unhalt', unhalt, {})
register('add_fact', add_fact, {})
register('caller', caller, {'no-writes'})
register('reassociate', reassociate, {})
register('do_not_call', do_not_call, {})
register('append', append_lines, {})
register('bridge_lease', bridge_lease, {})
