#!lua name=secondpass_@VERSION@
-- What must be one step on the server: claims, the end of an attempt, a contact's state with its turn, the ledger with
-- its counters. Keys come in the order of keys.py; ARGV[1] is one msgpack table; nothing here knows the time.

local RANK = 1e-6 -- seconds between two places of a list that are due at the same moment
local DAY = 86400
local NOBODY = '-' -- in the head of a state: no live attempt
local LANES = {'promised', 'due', 'parked', 'waking', 'messages'}
local FACTS_KEPT = 100000

local function common(keys)
  return {run = keys[1], halted = keys[2], do_not_call = keys[3], busy = keys[4], live = keys[5], ledger = keys[6],
    history = keys[7]}, 8
end

local function sub_keys(keys, at)
  return {state = keys[at], promised = keys[at + 1], due = keys[at + 2], parked = keys[at + 3], waking = keys[at + 4],
    messages = keys[at + 5], stands = keys[at + 6], tries = keys[at + 7], figures = keys[at + 8],
    passes_ended = keys[at + 9], control = keys[at + 10]}, at + 11
end

local function state_of(raw)
  if not raw then return nil end
  local version, stand, rank, live, body = string.match(raw, '^(%d+) (%-?%d+) (%d+) (%S+) (.*)$')
  return {version = tonumber(version), stand = tonumber(stand), rank = tonumber(rank), live = live, body = body}
end

local function read_state(sub, contact) return state_of(redis.call('HGET', sub.state, contact)) end

-- What a contact was to wait for may have come between the decision and this write: then nothing else would wake it.
local function missed(shared, sub, turn)
  if turn.after and redis.call('HEXISTS', sub.passes_ended, turn.after) == 1 then return true end
  local list = redis.call('HGET', sub.control, turn.list)
  if list == 'detached' or (turn.list_paused and not list) then return true end
  return turn.paused and redis.call('HGET', shared.run, turn.sub) == 'running'
    and redis.call('EXISTS', shared.halted) == 0
end

-- Whether the strategy it was decided by holds no more: everybody else was let know already.
local function outdated(sub, turn)
  if not turn.phase then return false end
  sub.phase = sub.phase or redis.call('HGET', sub.control, 'phase') or ''
  return turn.phase ~= sub.phase
end

-- The lane of a contact and its place in it.
local function place_of(shared, sub, rank, turn)
  local due = turn.due
  if not due and missed(shared, sub, turn) then due = turn.again end
  if outdated(sub, turn) then due = math.min(due or turn.again, turn.again) end
  if due then return turn.lane, due + rank * RANK end
  return 'parked', rank
end

local function with_head(old, turn, live)
  return string.format('%d %d %d %s ', old.version + 1, turn.stand, old.rank, live) .. turn.body
end

-- Writes the state and puts the contact into the one lane where its turn is kept: none while an attempt is live.
-- `turn` says where it stands (see turns.py).
local function write_state(shared, sub, contact, old, turn, live)
  redis.call('HSET', sub.state, contact, with_head(old, turn, live))
  if old.live == NOBODY then
    for _, lane in ipairs(LANES) do redis.call('ZREM', sub[lane], contact) end
  end
  if live == NOBODY and turn.stand >= 0 then
    local lane, place = place_of(shared, sub, old.rank, turn)
    redis.call('ZADD', sub[lane], place, contact)
  end
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

-- A line that tells of `count` contacts, and what each of them adds to the figures.
local function append_counted(ledger, figures, line, count)
  if count == 0 then return end
  local adds = {}
  for i = 1, #line[2], 2 do adds[i], adds[i + 1] = line[2][i], line[2][i + 1] * count end
  append(ledger, figures, {{(string.gsub(line[1], '"contacts":1', '"contacts":' .. count, 1)), adds}})
end

-- A task of recovery is a fact for whoever answers this person's next call, so it stands in the history too.
local function note_recovery(history, contact, sub_name, expires)
  local raw = redis.call('HGET', history, contact)
  if not expires and not (raw and string.find(raw, '"recovery"', 1, true)) then return end
  local known = raw and cjson.decode(raw) or {}
  known.recovery = known.recovery or {}
  if not expires and not known.recovery[sub_name] then return end
  known.recovery[sub_name] = expires or nil
  redis.call('HSET', history, contact, cjson.encode(known))
end

-- Who waited for a pass to end, or for the run to go on, is looked at again.
local function wake(sub)
  if redis.call('EXISTS', sub.parked) == 0 then return end
  redis.call('ZUNIONSTORE', sub.waking, 2, sub.waking, sub.parked)
  redis.call('DEL', sub.parked)
end

-- Of the contacts that share a number, all but this one.
local function drop_number(bucket, field, id)
  local left = {}
  for other in string.gmatch(redis.call('HGET', bucket, field) or '', '[^\n]+') do
    if other ~= id then left[#left + 1] = other end
  end
  if #left == 0 then redis.call('HDEL', bucket, field) else redis.call('HSET', bucket, field, table.concat(left, '\n')) end
end

-- While a library loads, the server offers it nothing but its own functions: not even pairs.
local function register(name, callback, flags)
  redis.register_function{function_name = 'sp_' .. name .. '_@VERSION@', callback = callback, flags = flags}
end
