-- Claims: whether a person may be taken for an attempt, looked at and done in one step.
--
-- A batch of claims comes in columns, `b.contact[i]` and so on, with what several share in groups: a sub-campaign, a
-- list of it and its limits. Numbers, addresses and marks are words, each told once: `b.words[k]`, and `b.person[i]`
-- has the places of those of one person, the first `b.locks[i]` of them the marks it is locked and counted by.
-- Everything is read before the first claim is judged and written after the last, and what one takes the next one sees.

-- Several groups may share a key: what one takes from it the other must see.
local function read_once(known, key, fields)
  known[key] = known[key] or read_all(key, fields)
  return known[key]
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

-- All that is known of the people of a batch, by the places of words and claims.
local function read_people(shared, b)
  local known, taken = {}, {}
  local people = {do_not_call = read_all(shared.do_not_call, b.words), busy = read_all(shared.busy, b.words),
    logs = read_all(shared.calls, b.words), records = read_all(shared.contacts, b.contact)}
  for _, g in ipairs(b.groups) do
    g.states = read_once(known, g.keys.state, b.contact)
    taken[g.keys.state] = taken[g.keys.state] or {}
    g.taken_in = taken[g.keys.state]
    g.own_do_not_call = redis.call('EXISTS', g.do_not_call) == 1 and read_once(known, g.do_not_call, b.words) or {}
    if g.per_contact or g.per_number then
      g.tries, g.here = read_once(known, g.keys.tries, b.words), {}
    end
  end
  return people
end

-- The ranks of CONSENT_BASES: the contact's own word, else what the campaign says of its lists' people. A record's
-- fifth part is the consent its list told of, see contact_codec.py.
local BASES = {none = 0, express = 1, written = 2}

local function consents(g, asked, record)
  local own = string.find(record, 'basis', 1, true) and cmsgpack.unpack(record)[5]
  return (BASES[own and own.basis or g.basis] or 0) >= asked
end

-- Whether a rule over its prefix forbids a number; `lengths` are those of the prefixes there are.
local function forbidden(shared, number)
  for length in string.gmatch(shared.lengths, '%d+') do
    if redis.call('HEXISTS', shared.prefixes, string.sub(number, 1, tonumber(length))) == 1 then return true end
  end
  return false
end

-- What the country's registry says of a number: nothing, where it does not bind, or why it may not be dialled.
local function by_registry(shared, g, number, now)
  if string.sub(number, 1, 1) ~= '+' then return nil end
  local as_of = redis.call('HGET', shared.registries, g.country)
  if not as_of or now - tonumber(as_of) > g.registry_within then return 'registry_outdated' end
  return redis.call('SISMEMBER', g.registry, string.sub(number, 2)) == 1 and 'number_forbidden' or nil
end

-- What the log of a mark counts against this claim.
local function tally(log, g, debt, now)
  local day, here, calls, spoke, lost, reached = 0, 0, 0, 0, 0, 0
  for at, kind, about in string.gmatch(log, '(%d+)(%a)(%S*)') do
    at = tonumber(at) / 1000
    if kind == 's' or kind == 'c' then
      if about == '*' or about == debt then spoke = math.max(spoke, at) end
      if kind == 'c' then reached = math.max(reached, at) end
    elseif kind == 'n' then
      lost = math.max(lost, at)
    else
      if at >= g.day_from then
        day = day + 1
        if kind < 'a' then here = here + 1 end
      end
      if about == debt and string.lower(kind) == 'v' and at >= now - g.debt_within then calls = calls + 1 end
    end
  end
  return day, here, calls, spoke, lost, reached
end

-- Which cap over the logs of a person leaves no room.
local function capped(people, g, b, i)
  local person, debt, days, here, calls, spoke, lost, reached = b.person[i], b.debt[i], 0, 0, 0, 0, 0, 0
  for k = 1, b.locks[i] do
    local log = people.logs[person[k]]
    if log then
      local day, dialled, about, last, left, agent = tally(log, g, debt, b.now)
      lost, reached = math.max(lost, left), math.max(reached, agent)
      days, calls, spoke = math.max(days, day), math.max(calls, about), math.max(spoke, last)
      if person[k] == b.dialled[i] then here = dialled end
    end
  end
  local owed = b.owed_since[i]
  if owed > 0 and reached > owed + 0.001 then return 'got_through' end -- the log counts milliseconds
  if b.kind[i] == 'v' and lost > 0 and b.now < lost + g.lockout then return 'abandoned_lately' end
  if debt ~= '' and b.kind[i] == 'v' then  -- the law is about calls, not about texts
    if spoke > 0 and b.now <= spoke + g.debt_silence then return 'silence_after_conversation' end
    if g.debt_calls and calls >= g.debt_calls then return 'cap_debt' end
  end
  if g.per_day and days >= g.per_day then return 'cap_person' end
  if g.per_number_day and here >= g.per_number_day then return 'cap_number' end
  return ''
end

-- What stands against the address, whoever it belongs to.
local function by_address(shared, g, b, i)
  if not b.allowed[i] then return 'not_allowed_number' end
  local address = b.words[b.dialled[i]]
  if shared.lengths and forbidden(shared, address) then return 'number_forbidden' end
  return g.registry_within and by_registry(shared, g, address, b.now)
end

-- How often the address was dialled in the sub-campaign.
local function dialled_before(g, b, i)
  local place = b.dialled[i]
  if not g.here[place] then g.here[place] = tonumber(redis.call('HGET', g.keys.tries, '=' .. b.words[place]) or 0) end
  return g.here[place]
end

local function refusal(shared, people, b, i)
  local g, person = b.groups[b.group[i]], b.person[i]
  if g.barred == 'not_running' then return g.barred end
  local state, record = g.states[i], people.records[i]
  if not state or not record or g.taken_in[b.contact[i]] then return 'stale' end
  local version, live = string.match(state, '^(%d+) %S+ %d+ (%S+)')
  if tonumber(version) ~= b.version[i] or live ~= NOBODY then return 'stale' end
  if g.barred then return g.barred end
  if b.asks[i] > 0 and not consents(g, b.asks[i], record) then return 'no_consent' end
  for k = 1, #person do
    if people.do_not_call[person[k]] or g.own_do_not_call[person[k]] then return 'do_not_call' end
  end
  local why = by_address(shared, g, b, i)
  if why then return why end
  if b.open_until[i] and b.now >= b.open_until[i] then return 'outside_window' end
  local used_up = false
  for k = 1, b.locks[i] do
    if people.busy[person[k]] then return 'person_busy' end
    used_up = used_up or (g.per_contact and tonumber(g.tries[person[k]] or 0) >= g.per_contact)
  end
  if used_up then return 'person_used_up' end
  if g.per_number and dialled_before(g, b, i) >= g.per_number then return 'number_used_up' end
  return capped(people, g, b, i)
end

-- Takes the person for the rest of the batch, and notes what is to be written of it.
local function take(shared, people, b, i, to_write)
  local g, attempt, person = b.groups[b.group[i]], b.attempt[i], b.person[i]
  local busy, logs, tries = to_write.busy, to_write.logs, g.tries_written
  for k = 1, b.locks[i] do
    local place = person[k]
    local word = b.words[place]
    people.busy[place] = attempt
    busy[#busy + 1], busy[#busy + 2] = word, attempt
    local log = people.logs[place]
    local entry = entry_of(b.at, b.kind[i], b.debt[i], place == b.dialled[i])
    people.logs[place] = log and with_entry(log, entry, b.now) or entry
    logs[#logs + 1], logs[#logs + 2] = word, people.logs[place]
    if g.per_contact then
      g.tries[place] = tonumber(g.tries[place] or 0) + 1
      tries[#tries + 1], tries[#tries + 2] = word, g.tries[place]
    end
  end
  if g.per_number then
    g.here[b.dialled[i]] = g.here[b.dialled[i]] + 1
    tries[#tries + 1], tries[#tries + 2] = '=' .. b.words[b.dialled[i]], g.here[b.dialled[i]]
  end
  local before = g.states[i]
  local stand, rank = string.match(before, '^%d+ (%S+) (%d+)')
  local after = string.format('%d %d %s %s %s', b.version[i] + 1, b.stand[i], rank, attempt, b.body[i])
  g.states_written[#g.states_written + 1], g.states_written[#g.states_written + 2] = b.contact[i], after
  g.taken[#g.taken + 1], g.taken_in[b.contact[i]] = b.contact[i], true
  if tonumber(stand) ~= b.stand[i] then g.moved[#g.moved + 1] = {stand, b.stand[i]} end
  g.counts[b.counts[i]] = (g.counts[b.counts[i]] or 0) + 1
  to_write.live[#to_write.live + 1] = attempt
  redis.call('HSET', b.keys[i], 'intent', b.intent[i], 'stage', 'intent', 'contact', b.contact[i], 'undo', b.undo[i],
    'before', before)
  redis.call('XADD', shared.ledger, '*', 'line', b.line[i])
end

-- Everything of the batch that could wait for its end.
local function write_batch(shared, b, to_write)
  in_steps('SADD', shared.live, to_write.live)
  in_steps('HSET', shared.busy, to_write.busy)
  in_steps('HSET', shared.calls, to_write.logs)
  for _, g in ipairs(b.groups) do
    in_steps('HSET', g.keys.tries, g.tries_written)
    in_steps('HSET', g.keys.state, g.states_written)
    for _, lane in ipairs(LANES) do in_steps('ZREM', g.keys[lane], g.taken) end
    if #g.taken > 0 then redis.call('HINCRBY', g.keys.control, 'served:' .. g.list, #g.taken) end
    for _, move in ipairs(g.moved) do
      redis.call('HINCRBY', g.keys.stands, move[1], -1)
      redis.call('HINCRBY', g.keys.stands, move[2], 1)
    end
    for line, times in pairs(g.counts) do
      for _, add in ipairs(b.adds[line]) do redis.call('HINCRBY', g.keys.figures, add[1], add[2] * times) end
    end
  end
end

-- keys: common, limits, of each group sub, its do-not-call and its registry, attempts. One answer per claim: '' or why
-- not.
local function decide(keys, args, taking)
  local shared, at = common(keys)
  local b, answers, to_write = cmsgpack.unpack(args[1]), {}, {live = {}, busy = {}, logs = {}}
  at = limit_keys(shared, keys, at)
  shared.stopped, shared.lengths = redis.call('EXISTS', shared.halted) == 1, redis.call('HGET', shared.prefixes, '#')
  for _, g in ipairs(b.groups) do
    g.keys, at = sub_keys(keys, at)
    g.do_not_call, g.registry, at = keys[at], keys[at + 1], at + 2
    g.barred = barred(shared, g, b.now)
    g.taken, g.moved, g.counts, g.tries_written, g.states_written = {}, {}, {}, {}, {}
  end
  b.at, b.keys = moment(b.now), {}
  for i = 1, #b.contact do b.keys[i] = keys[at + i - 1] end
  local people = read_people(shared, b)
  for i = 1, #b.contact do
    answers[i] = refusal(shared, people, b, i)
    if taking and answers[i] == '' then take(shared, people, b, i, to_write) end
  end
  if taking then write_batch(shared, b, to_write) end
  return answers
end

local function claim(keys, args) return decide(keys, args, true) end

-- What a claim would be told; each as if it came alone.
local function judge(keys, args) return decide(keys, args, false) end

register('claim', claim, {})
register('judge', judge, {'no-writes'})
