-- An attempt from its claim to its end.
--
-- A batch of claims comes in columns, `b.contact[i]` and so on, with what several share in groups: a sub-campaign, a
-- list of it and its limits. Everything is read before the first is judged and written after the last, and what one
-- claim takes the next one sees.

-- The fields of a batch that have to be known, noted in the books they stand in.
local function noted(shared, groups, b)
  local books = {}
  local people = {do_not_call = book_of(books, shared.do_not_call), busy = book_of(books, shared.busy),
    logs = book_of(books, shared.calls), records = book_of(books, shared.contacts)}
  for _, g in ipairs(groups) do
    g.states, g.tries = book_of(books, g.keys.state), book_of(books, g.keys.tries)
    g.own_do_not_call = book_of(books, g.do_not_call)
  end
  for i, contact in ipairs(b.contact) do
    local g = groups[b.group[i]]
    note(g.states, contact)
    note(people.records, contact)
    for _, address in ipairs(b.addresses[i]) do
      note(people.do_not_call, address)
      note(g.own_do_not_call, address)
    end
    for _, mark in ipairs(b.marks[i]) do
      note(people.busy, mark)
      note(people.logs, mark)
      if g.per_contact then note(g.tries, mark) end
    end
    if g.per_number then note(g.tries, '=' .. b.dialled[i]) end
  end
  for _, each in ipairs(books) do read(each) end
  people.books = books
  return people
end

-- Why nobody of a group may be called, or nil.
local function barred(shared, g, now)
  if shared.stopped or redis.call('HGET', shared.run, g.sub) ~= 'running' then return 'not_running' end
  local plan, set = unpack(redis.call('HMGET', g.keys.control, 'plan', g.list))
  if tonumber(plan or 0) ~= g.plan or (g.plan_until and now >= g.plan_until) then return 'stale' end
  if g.ends and now >= g.ends then return 'stale' end
  if set == 'detached' then return 'list_detached' end
  if set == 'paused' then return 'list_paused' end
  return nil
end

-- The ranks of CONSENT_BASES: the contact's own word, else what the campaign says of its lists' people.
local BASES = {none = 0, express = 1, written = 2}

local function consents(g, asked, record)
  local own = asked > 0 and (cmsgpack.unpack(record)[5] or {}).basis or nil -- see contact_codec.py
  return (BASES[own or g.basis] or 0) >= asked
end

local function listed(people, g, addresses)
  for _, address in ipairs(addresses) do
    if people.do_not_call.values[address] or g.own_do_not_call.values[address] then return true end
  end
  return false
end

-- Whether a rule over its prefix forbids a number; `lengths` are those of the prefixes there are.
local function forbidden(shared, number)
  for length in string.gmatch(shared.lengths or '', '%d+') do
    if redis.call('HEXISTS', shared.prefixes, string.sub(number, 1, tonumber(length))) == 1 then return true end
  end
  return false
end

-- What the country's registry says of a number: nothing, where it does not bind, or why it may not be dialled.
local function by_registry(shared, g, number, now)
  if not g.registry_within or string.sub(number, 1, 1) ~= '+' then return nil end
  local as_of = tonumber(redis.call('HGET', shared.registries, g.country) or nil)
  if not as_of or now - as_of > g.registry_within then return 'registry_outdated' end
  return redis.call('SISMEMBER', g.registry, string.sub(number, 2)) == 1 and 'number_forbidden' or nil
end

-- What the log of a mark counts against this claim.
local function tally(log, g, debt, now)
  local day, here, calls, spoken = 0, 0, 0, 0
  for at, kind, about in string.gmatch(log, '(%d+)(%a)(%S*)') do
    at = tonumber(at) / 1000
    if kind == 's' then
      if about == '*' or about == debt then spoken = math.max(spoken, at) end
    else
      if at >= g.day_from then
        day = day + 1
        if kind < 'a' then here = here + 1 end
      end
      if about == debt and string.lower(kind) == 'v' and at > now - g.debt_within then calls = calls + 1 end
    end
  end
  return day, here, calls, spoken
end

-- Which cap over the logs of a person's marks leaves no room.
local function capped(people, g, marks, dialled, debt, now)
  local days, heres, calls, spoken = 0, 0, 0, 0
  for _, mark in ipairs(marks) do
    local log = people.logs.values[mark]
    if log then
      local day, here, about, last = tally(log, g, debt, now)
      days, calls, spoken = math.max(days, day), math.max(calls, about), math.max(spoken, last)
      if mark == dialled then heres = here end
    end
  end
  if debt ~= '' and spoken > 0 and now < spoken + g.debt_silence then return 'silence_after_conversation' end
  if debt ~= '' and g.debt_calls and calls >= g.debt_calls then return 'cap_debt' end
  if g.per_day and days >= g.per_day then return 'cap_person' end
  if g.per_number_day and heres >= g.per_number_day then return 'cap_number' end
  return ''
end

local function refusal(shared, people, g, b, i)
  if g.barred == 'not_running' then return g.barred end
  local state = g.states.values[b.contact[i]]
  local record, dialled, marks = people.records.values[b.contact[i]], b.dialled[i], b.marks[i]
  if not state or not record then return 'stale' end
  local version, live = string.match(state, '^(%d+) %S+ %d+ (%S+)')
  if tonumber(version) ~= b.version[i] or live ~= NOBODY then return 'stale' end
  if g.barred then return g.barred end
  if b.asks[i] > 0 and not consents(g, b.asks[i], record) then return 'no_consent' end
  if not b.allowed[i] then return 'not_allowed_number' end
  if listed(people, g, b.addresses[i]) then return 'do_not_call' end
  if shared.lengths and forbidden(shared, dialled) then return 'number_forbidden' end
  local registered = by_registry(shared, g, dialled, b.now)
  if registered then return registered end
  if b.open_until[i] and b.now >= b.open_until[i] then return 'outside_window' end
  for _, mark in ipairs(marks) do
    if people.busy.values[mark] then return 'person_busy' end
    if g.per_contact and tonumber(g.tries.values[mark] or 0) >= g.per_contact then return 'person_used_up' end
  end
  if g.per_number and tonumber(g.tries.values['=' .. dialled] or 0) >= g.per_number then return 'number_used_up' end
  return capped(people, g, marks, dialled, b.debt[i], b.now)
end

-- Takes the person; what follows for the figures is summed up in `adds`, to be written once.
local function take(shared, people, groups, b, i, adds)
  local g, contact, attempt, marks = groups[b.group[i]], b.contact[i], b.attempt[i], b.marks[i]
  for _, mark in ipairs(marks) do
    local here = mark == b.dialled[i]
    change(people.busy, mark, attempt)
    change(people.logs, mark,
      with_entry(people.logs.values[mark], entry_of(b.at, b.kind[i], b.debt[i], here), b.now))
    if g.per_contact then change(g.tries, mark, tonumber(g.tries.values[mark] or 0) + 1) end
  end
  if g.per_number then
    local field = '=' .. b.dialled[i]
    change(g.tries, field, tonumber(g.tries.values[field] or 0) + 1)
  end
  local version, stand, rank, body = string.match(g.states.values[contact], '^(%d+) (%S+) (%d+) %S+ (.*)$')
  change(g.states, contact,
    string.format('%d %d %s %s %s', tonumber(version) + 1, b.stand[i], rank, attempt, b.body[i]))
  g.taken[#g.taken + 1] = contact
  if tonumber(stand) ~= b.stand[i] then g.moved[#g.moved + 1] = {stand, b.stand[i]} end
  redis.call('HSET', b.keys[i], 'intent', b.intent[i], 'stage', 'intent', 'contact', contact,
    'about', b.about[i],
    'undo', cmsgpack.pack({at = b.at, kind = b.kind[i], debt = b.debt[i], dialled = b.dialled[i], marks = marks,
      addresses = b.addresses[i], lane = b.lane[i], body = body, stand = tonumber(stand), list = g.list,
      counts = {g.per_contact and true or false, g.per_number and true or false}}))
  redis.call('XADD', shared.ledger, '*', 'line', b.line[i])
  local sums = adds[g.keys.figures] or {}
  for _, add in ipairs(b.adds[b.counts[i]]) do sums[add[1]] = (sums[add[1]] or 0) + add[2] end
  adds[g.keys.figures] = sums
end

-- What the groups and the figures have to be told of all that was taken.
local function settle(shared, groups, adds, taken)
  if #taken > 0 then in_steps('SADD', shared.live, taken) end
  for _, g in ipairs(groups) do
    if #g.taken > 0 then
      redis.call('HINCRBY', g.keys.control, 'served:' .. g.list, #g.taken)
      for _, lane in ipairs(LANES) do in_steps('ZREM', g.keys[lane], g.taken) end
    end
    for _, move in ipairs(g.moved) do
      redis.call('HINCRBY', g.keys.stands, move[1], -1)
      redis.call('HINCRBY', g.keys.stands, move[2], 1)
    end
  end
  for figures, sums in pairs(adds) do
    for field, amount in pairs(sums) do redis.call('HINCRBY', figures, field, amount) end
  end
end

-- keys: common, limits, of each group sub, its do-not-call and its registry, attempts. One answer per claim: '' or why
-- not.
local function claim(keys, args)
  local shared, at = common(keys)
  local b, adds, taken, answers = cmsgpack.unpack(args[1]), {}, {}, {}
  at = limit_keys(shared, keys, at)
  shared.stopped, shared.lengths = redis.call('EXISTS', shared.halted) == 1, redis.call('HGET', shared.prefixes, '#')
  for _, g in ipairs(b.groups) do
    g.keys, at = sub_keys(keys, at)
    g.do_not_call, g.registry, at = keys[at], keys[at + 1], at + 2
    g.taken, g.moved, g.barred = {}, {}, barred(shared, g, b.now)
  end
  b.at, b.keys = moment(b.now), {}
  for i = 1, #b.contact do b.keys[i] = keys[at + i - 1] end
  local people = noted(shared, b.groups, b)
  for i = 1, #b.contact do
    answers[i] = refusal(shared, people, b.groups[b.group[i]], b, i)
    if answers[i] == '' and not b.only_asks then
      take(shared, people, b.groups, b, i, adds)
      taken[#taken + 1] = b.attempt[i]
    end
  end
  for _, each in ipairs(people.books) do write(each) end
  settle(shared, b.groups, adds, taken)
  return answers
end

local function unlock(shared, attempt, marks)
  local holders, mine = redis.call('HMGET', shared.busy, unpack(marks)), {}
  for i, mark in ipairs(marks) do
    if holders[i] == attempt then mine[#mine + 1] = mark end
  end
  if #mine > 0 then redis.call('HDEL', shared.busy, unpack(mine)) end
end

-- Replaces what the claim wrote into the logs of the person: by nothing, or by an entry of another kind.
local function relog(shared, undo, kind)
  local logs = book(shared.calls)
  for _, mark in ipairs(undo.marks) do note(logs, mark) end
  read(logs)
  for _, mark in ipairs(undo.marks) do
    local log, here = logs.values[mark], mark == undo.dialled
    if log then
      local other = kind and entry_of(undo.at, kind, undo.debt, here) or nil
      change(logs, mark, swapped(log, entry_of(undo.at, undo.kind, undo.debt, here), other))
    end
  end
  write(logs)
end

local function close(shared, attempt_key, facts_key, attempt, result)
  redis.call('HSET', attempt_key, 'stage', 'ended', 'result', result)
  redis.call('EXPIRE', attempt_key, DAY)
  redis.call('EXPIRE', facts_key, DAY)
  redis.call('SREM', shared.live, attempt)
end

-- A call that never connected is none about the debt; a conversation is the beginning of a silence about it.
local function log_end(shared, undo, r)
  if undo.debt ~= '' and undo.kind == 'v' and not r.connected then relog(shared, undo, 'x') end
  if undo.debt ~= '' and undo.kind == 'v' and r.ended.conversation then
    note_spoken(shared.calls, undo.marks, undo.debt, r.ended.at)
  end
end

-- 'recorded', 'ended' (it was before) or 'stale'.
local function record_one(shared, sub, attempt_key, facts_key, r)
  local stage, packed = unpack(redis.call('HMGET', attempt_key, 'stage', 'undo'))
  if not stage or stage == 'ended' then return 'ended' end
  local old = read_state(sub, r.contact)
  if not old or old.version ~= r.version or old.live ~= r.attempt then return 'stale' end
  local undo = cmsgpack.unpack(packed)
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
  local stage, packed = unpack(redis.call('HMGET', attempt_key, 'stage', 'undo'))
  if not stage or stage == 'ended' then return 0 end
  local undo = cmsgpack.unpack(packed)
  unlock(shared, r.attempt, undo.marks)
  relog(shared, undo, nil)
  for _, mark in ipairs(undo.counts[1] and undo.marks or {}) do redis.call('HINCRBY', sub.tries, mark, -1) end
  if undo.counts[2] then redis.call('HINCRBY', sub.tries, '=' .. undo.dialled, -1) end
  redis.call('HINCRBY', sub.control, 'served:' .. undo.list, -1)
  local old = read_state(sub, r.contact)
  if old and old.live == r.attempt then
    local back = {body = undo.body, stand = undo.stand, due = r.due, lane = undo.lane}
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

register('claim', claim, {})
register('placed', placed, {})
register('record', record, {})
register('release', release, {})
register('add_fact', add_fact, {})
