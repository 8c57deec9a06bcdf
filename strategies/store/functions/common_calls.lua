-- What was tried of a person lately, as the limits count it.
--
-- A person is known by marks: each telephone number, the address dialled, and `@contact`. Each mark has a log of the
-- last days, the oldest first: one space between two entries, none within: MILLISECONDS KIND DEBT. Kinds: v a call, m
-- a message, x a call that never connected, and these in capitals on the very address dialled; c an agent, s a script
-- spoke with the person, about DEBT or, `*`, about anything; n nobody was there for the person who answered.

local LOG_KEPT = 8 * DAY * 1000
local STEP = 1000 -- fields in one command: Lua takes some thousands of arguments

local function moment(seconds) return string.format('%.0f', seconds * 1000) end

-- Only what is younger than LOG_KEPT.
local function recent(log, now)
  while log do
    local at, rest = string.match(log, '^(%d+)%S* ?(.*)$')
    if not at or tonumber(at) >= now * 1000 - LOG_KEPT then break end
    log = rest
  end
  return log
end

local function with_entry(log, entry, now)
  log = log and recent(log, now)
  return (log and log ~= '') and log .. ' ' .. entry or entry
end

-- The log with one such entry replaced, or taken out.
local function swapped(log, entry, other)
  local padded = ' ' .. log .. ' '
  local from, to = string.find(padded, ' ' .. entry .. ' ', 1, true)
  if not from then return log end
  local rest = string.sub(padded, 1, from) .. (other and other .. ' ' or '') .. string.sub(padded, to + 1)
  return string.match(rest, '^ *(.-) *$')
end

-- keys: what limits need beside the common keys.
local function limit_keys(shared, keys, at)
  shared.calls, shared.contacts, shared.prefixes, shared.registries = keys[at], keys[at + 1], keys[at + 2], keys[at + 3]
  return at + 4
end

local function entry_of(at, kind, debt, here) return at .. (here and string.upper(kind) or kind) .. debt end

-- The values of many fields, in their order; false where there is none.
local function read_all(key, fields)
  if #fields <= STEP then return redis.call('HMGET', key, unpack(fields)) end
  local values = {}
  for from = 1, #fields, STEP do
    local found = redis.call('HMGET', key, unpack(fields, from, math.min(from + STEP - 1, #fields)))
    for i = 1, #found do values[from + i - 1] = found[i] end
  end
  return values
end

local function in_steps(command, key, words)
  for from = 1, #words, STEP do
    redis.call(command, key, unpack(words, from, math.min(from + STEP - 1, #words)))
  end
end

-- Writes the logs of a person as `change` makes them, of what stood there and the mark.
local function relog(calls, marks, change)
  local logs, kept, gone = read_all(calls, marks), {}, {}
  for i, mark in ipairs(marks) do
    local log = change(logs[i], mark)
    if log and log ~= '' then
      kept[#kept + 1], kept[#kept + 2] = mark, log
    else
      gone[#gone + 1] = mark
    end
  end
  in_steps('HSET', calls, kept)
  in_steps('HDEL', calls, gone)
end

-- Somebody spoke with the person of these marks: an agent (kind c), or a script (s).
local function note_spoken(calls, marks, kind, debt, at)
  local entry = entry_of(moment(at), kind, debt, false)
  relog(calls, marks, function(log) return with_entry(log, entry, at) end)
end
