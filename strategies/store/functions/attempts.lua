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

local function close(attempt_key, facts_key, result)
  redis.call('HSET', attempt_key, 'stage', 'ended', 'result', result)
  redis.call('EXPIRE', attempt_key, DAY)
  redis.call('EXPIRE', facts_key, DAY)
end

-- A call that never connected is none about the debt; a conversation is the beginning of a silence about it.
local function log_end(shared, undo, r)
  if undo.kind ~= 'v' then return end
  if undo.debt ~= '' and not r.connected then take_back(shared, undo, 'x') end
  if r.conversation == 'c' or (r.conversation and undo.debt ~= '') then
    note_spoken(shared.calls, undo.marks, r.conversation, undo.debt, r.at)
  end
end

-- What an attempt came to, for whoever answers this person's next call; the task of recovery that follows, if any.
local function note_end(known, sub_name, r)
  known.attempts = (known.attempts or 0) + 1
  known.conversations = (known.conversations or 0) + (r.conversation and 1 or 0)
  known.last_result, known.last_responses, known.last_at = r.result, r.responses, r.at
  if known.recovery or r.turn.recovery then
    known.recovery = known.recovery or {}
    known.recovery[sub_name] = r.turn.recovery or nil
  end
end

-- Reads what the ends of a batch need, into each `r`: the attempt's stage, what its end takes back, the history; and
-- which attempt each mark is held by.
local function read_ends(shared, b, keys, at)
  local contacts, marks, holders = {}, {}, {}
  for i, r in ipairs(b.ends) do
    r.attempt_key, r.facts_key, contacts[i] = keys[at + 2 * i - 2], keys[at + 2 * i - 1], r.contact
    local stage, told = unpack(redis.call('HMGET', r.attempt_key, 'stage', 'undo'))
    r.undo = stage and stage ~= 'ended' and cjson.decode(told)
    for _, mark in ipairs(r.undo and r.undo.marks or {}) do marks[#marks + 1] = mark end
  end
  for k, holder in ipairs(#marks > 0 and read_all(shared.busy, marks) or {}) do holders[marks[k]] = holder end
  local histories = read_all(shared.history, contacts)
  for _, g in ipairs(b.groups) do
    g.states = {}
    for i, raw in ipairs(read_all(g.keys.state, contacts)) do g.states[contacts[i]] = raw end
    g.written, g.lanes, g.moved, g.adds = {}, {}, {}, {}
  end
  return holders, histories
end

local function add_to(sums, field, amount) sums[field] = (sums[field] or 0) + amount end

-- Notes what is to be written of a state and its turn, once for the whole group.
local function note_state(shared, g, r, old)
  g.states[r.contact] = with_head(old, r.turn, NOBODY)
  g.written[#g.written + 1], g.written[#g.written + 2] = r.contact, g.states[r.contact]
  if r.turn.stand >= 0 then
    local lane, place = place_of(shared, g.keys, old.rank, r.turn)
    local into = g.lanes[lane] or {}
    into[#into + 1], into[#into + 2], g.lanes[lane] = place, r.contact, into
  end
  if r.turn.stand ~= old.stand then
    add_to(g.moved, old.stand, -1)
    add_to(g.moved, r.turn.stand, 1)
  end
end

-- 'recorded', 'ended' (it was before) or 'stale'.
local function record_one(shared, b, r, holders, known)
  local g, undo = b.groups[r.group], r.undo
  if not undo or known.over[r.attempt] then return 'ended' end
  local old = state_of(g.states[r.contact])
  if not old or old.version ~= r.version or old.live ~= r.attempt then return 'stale' end
  known.over[r.attempt] = true
  known.ended[#known.ended + 1] = r.attempt
  for _, mark in ipairs(undo.marks) do
    if holders[mark] == r.attempt then known.freed[#known.freed + 1] = mark end
  end
  log_end(shared, undo, r)
  note_state(shared, g, r, old)
  known.told[r.contact] = known.histories[r.contact]
  note_end(known.told[r.contact], g.sub, r)
  for _, addresses in ipairs(r.opt_out and {undo.addresses, r.suppress} or {}) do
    for _, address in ipairs(addresses) do redis.call('HSETNX', shared.do_not_call, address, r.opt_out) end
  end
  for _, line in ipairs(r.lines) do
    redis.call('XADD', shared.ledger, '*', 'line', line[1])
    for k = 1, #line[2], 2 do add_to(g.adds, line[2][k], line[2][k + 1]) end
  end
  close(r.attempt_key, r.facts_key, r.result)
  return 'recorded'
end

-- Everything of the batch that could wait for its end.
local function write_ends(shared, b, known)
  local told = {}
  for contact, history in pairs(known.told) do
    told[#told + 1], told[#told + 2] = contact, cjson.encode(history)
  end
  in_steps('HSET', shared.history, told)
  in_steps('SREM', shared.live, known.ended)
  in_steps('HDEL', shared.busy, known.freed)
  for _, g in ipairs(b.groups) do
    in_steps('HSET', g.keys.state, g.written)
    for lane, places in pairs(g.lanes) do in_steps('ZADD', g.keys[lane], places) end
    for stand, change in pairs(g.moved) do redis.call('HINCRBY', g.keys.stands, stand, change) end
    for field, amount in pairs(g.adds) do redis.call('HINCRBY', g.keys.figures, field, amount) end
  end
end

-- keys: common, limits, of each group sub, of each end attempt and its facts. A group is a sub-campaign and a list of
-- it. Everything is read before the first end is judged and written after the last. One answer per end.
local function record(keys, args)
  local shared, at = common(keys)
  local b, answers = cmsgpack.unpack(args[1]), {}
  local known = {over = {}, ended = {}, freed = {}, histories = {}, told = {}}
  at = limit_keys(shared, keys, at)
  for _, g in ipairs(b.groups) do g.keys, at = sub_keys(keys, at) end
  local holders, histories = read_ends(shared, b, keys, at)
  for i, r in ipairs(b.ends) do
    known.histories[r.contact] = known.histories[r.contact] or (histories[i] and cjson.decode(histories[i]) or {})
  end
  for i, r in ipairs(b.ends) do answers[i] = record_one(shared, b, r, holders, known) end
  write_ends(shared, b, known)
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
  close(attempt_key, facts_key, 'released')
  redis.call('SREM', shared.live, r.attempt)
  return 1
end

-- keys: attempts. An answer for each.
local function placed(keys)
  local answers = {}
  for i, key in ipairs(keys) do
    local intended = redis.call('HGET', key, 'stage') == 'intent'
    if intended then redis.call('HSET', key, 'stage', 'placed') end
    answers[i] = intended and 1 or 0
  end
  return answers
end

-- keys: all facts, of each fact the attempt and its facts. A fact of an attempt nobody knows is dropped. An answer
-- for each.
local function add_facts(keys, args)
  local answers = {}
  for i, f in ipairs(cmsgpack.unpack(args[1])) do
    local attempt_key, facts_key = keys[2 * i], keys[2 * i + 1]
    local stage = redis.call('HGET', attempt_key, 'stage')
    if stage then
      redis.call('RPUSH', facts_key, f.fact)
      if stage == 'ended' then redis.call('EXPIRE', facts_key, DAY) end
      redis.call('XADD', keys[1], 'MAXLEN', '~', FACTS_KEPT, '*', 'attempt', f.attempt, 'fact', f.fact)
    end
    answers[i] = stage and 1 or 0
  end
  return answers
end

-- keys: of each attempt itself and its facts. Its intent or nothing, and its facts, by turns.
local function known(keys)
  local found = {}
  for i = 1, #keys, 2 do
    found[i], found[i + 1] = redis.call('HGET', keys[i], 'intent'), redis.call('LRANGE', keys[i + 1], 0, -1)
  end
  return found
end

register('placed', placed, {})
register('record', record, {})
register('release', release, {})
register('add_facts', add_facts, {})
register('known', known, {'no-writes'})
