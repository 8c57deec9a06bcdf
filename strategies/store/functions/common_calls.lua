-- What was tried of a person lately, as the limits count it; and hashes that a batch reads and writes once.
--
-- A person is known by marks: each telephone number, the address dialled, and `@contact`. Each mark has a log of the
-- last days, the oldest first: one space between two entries, none within: MILLISECONDS KIND DEBT. Kinds: v a call, m
-- a message, x a call that never connected, and these in capitals on the very address dialled; s somebody spoke with
-- the person, about DEBT or, `*`, about anything.

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

-- A hash whose fields are noted first, read at once, changed here, and written at once.
local function book(key) return {key = key, fields = {}, values = {}, changed = {}, dirty = {}} end

local function note(b, field)
  if b.values[field] == nil then
    b.values[field] = false
    b.fields[#b.fields + 1] = field
  end
end

local function read(b)
  local fields = b.fields
  for from = 1, #fields, STEP do
    local to = math.min(from + STEP - 1, #fields)
    local found = redis.call('HMGET', b.key, unpack(fields, from, to))
    for i = from, to do b.values[fields[i]] = found[i - from + 1] end
  end
end

-- A value, or false for none.
local function change(b, field, value)
  b.values[field] = value
  if not b.dirty[field] then
    b.dirty[field] = true
    b.changed[#b.changed + 1] = field
  end
end

local function in_steps(command, key, words)
  for from = 1, #words, STEP do
    redis.call(command, key, unpack(words, from, math.min(from + STEP - 1, #words)))
  end
end

local function write(b)
  local set, gone = {}, {}
  for _, field in ipairs(b.changed) do
    local value = b.values[field]
    if value and value ~= '' then
      set[#set + 1], set[#set + 2] = field, value
    else
      gone[#gone + 1] = field
    end
  end
  in_steps('HSET', b.key, set)
  in_steps('HDEL', b.key, gone)
end

-- The book of a key among many, opened at the first asking.
local function book_of(books, key)
  if not books[key] then
    books[key] = book(key)
    books[#books + 1] = books[key]
  end
  return books[key]
end

-- Somebody spoke with the person of these marks.
local function note_spoken(calls, marks, debt, at)
  local logs = book(calls)
  for _, mark in ipairs(marks) do note(logs, mark) end
  read(logs)
  for _, mark in ipairs(marks) do
    change(logs, mark, with_entry(logs.values[mark], entry_of(moment(at), 's', debt, false), at))
  end
  write(logs)
end

-- What an attempt came to, for whoever answers this person's next call; the task of recovery that follows, if any.
local function note_end(history, contact, sub_name, ended, recovery)
  local raw = redis.call('HGET', history, contact)
  local known = raw and cjson.decode(raw) or {}
  known.attempts = (known.attempts or 0) + 1
  known.conversations = (known.conversations or 0) + (ended.conversation and 1 or 0)
  known.last_result, known.last_responses, known.last_at = ended.result, ended.responses, ended.at
  if known.recovery or recovery then
    known.recovery = known.recovery or {}
    known.recovery[sub_name] = recovery or nil
  end
  redis.call('HSET', history, contact, cjson.encode(known))
end
