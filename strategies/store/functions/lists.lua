-- Lists: contacts written and taken back, the index of their numbers, the columns their records refer to.

local CHUNK = 4000 -- words of one command: Lua's stack holds not many more

local function contains(ids, id)
  return string.find('\n' .. ids .. '\n', '\n' .. id .. '\n', 1, true) ~= nil
end

-- Who else has the number, or nil.
local function add_number(index, number, id)
  if redis.call('HSETNX', index, number, id) == 1 then return nil end
  local ids = redis.call('HGET', index, number)
  if contains(ids, id) then return nil end
  redis.call('HSET', index, number, ids .. '\n' .. id)
  return ids
end

-- Adds what nobody has and says whether one of them was there twice. It goes from the last to the first, so that of two
-- that are the same the first stands.
local function add_fresh(index, numbers, owners, ids, found, from)
  local words = {}
  for i = #found, 1, -1 do
    if not found[i] then
      words[#words + 1] = numbers[from + i - 1]
      words[#words + 1] = ids[owners[from + i - 1]]
    end
  end
  return #words > 0 and redis.call('HSET', index, unpack(words)) < #words / 2
end

-- Numbers come in two rows: the numbers, and the index of the contact each is of. Who shares one: index, number, ids, ...
local function add_numbers(index, numbers, owners, ids)
  local shared = {}
  for from = 1, #numbers, CHUNK / 2 do
    local found = redis.call('HMGET', index, unpack(numbers, from, math.min(from + CHUNK / 2 - 1, #numbers)))
    local repeated = add_fresh(index, numbers, owners, ids, found, from)
    for i = 1, #found do
      local at = from + i - 1
      local others = (found[i] or repeated) and add_number(index, numbers[at], ids[owners[at]])
      if others then shared[#shared + 1] = {owners[at], numbers[at], others} end
    end
  end
  return shared
end

local function drop_numbers(index, numbers, owners, ids)
  for i, number in ipairs(numbers) do drop_number(index, number, ids[owners[i]]) end
end

-- The records as they are, '' for one that is not there, if they are not what the caller read.
local function changed(contacts, ids, records)
  local all, differs = {}, false
  for from = 1, #ids, CHUNK do
    local found = redis.call('HMGET', contacts, unpack(ids, from, math.min(from + CHUNK - 1, #ids)))
    for i = 1, #found do
      local at = from + i - 1
      all[at] = found[i] or ''
      differs = differs or all[at] ~= (records[at] or '')
    end
  end
  return differs and all or nil
end

local function write_records(contacts, ids, old, new)
  local words = {}
  for i, id in ipairs(ids) do
    if new[i] == '' then
      redis.call('HDEL', contacts, id)
    elseif new[i] ~= old[i] then
      words[#words + 1] = id
      words[#words + 1] = new[i]
    end
    if #words >= CHUNK or i == #ids and #words > 0 then
      redis.call('HSET', contacts, unpack(words))
      words = {}
    end
  end
end

local function next_place(list)
  local last = redis.call('ZREVRANGE', list, 0, 0, 'WITHSCORES')
  return last[2] and tonumber(last[2]) + 1 or 0
end

-- keys: columns.
local function columns(keys, args)
  local c = cmsgpack.unpack(args[1])
  redis.call('HSETNX', keys[1], c.names, redis.call('HLEN', keys[1]))
  return tonumber(redis.call('HGET', keys[1], c.names))
end

-- keys: imports, list, before. The record of the import to carry on with: one that was cut off, else a new one, which
-- starts behind the last contact of the list. What the one before it could have taken back stays as it is from then on.
local function begin_import(keys, args)
  local b = cmsgpack.unpack(args[1])
  local last = redis.call('HGET', keys[1], 'last:' .. b.list)
  local kept = last and redis.call('HGET', keys[1], last)
  local known, record, id = kept and cjson.decode(kept), cjson.decode(b.record), last
  if known and known.state == 'unfinished' then
    record.at, record.first = known.at, known.first
    record.last = math.max(known.last, known.first + record.last)
  else
    redis.call('DEL', keys[3])
    id = b.list .. '/' .. redis.call('HINCRBY', keys[1], 'count:' .. b.list, 1)
    record.first = next_place(keys[2])
    record.last = record.first + record.last
  end
  record.id = id
  redis.call('HSET', keys[1], id, cjson.encode(record), 'last:' .. b.list, id)
  return redis.call('HGET', keys[1], id)
end

-- What an import may have to give back: nothing of a contact that it brought itself.
local function note_before(list, before, first, last, ids, old, new, known)
  local elsewhere = {}
  for _, i in ipairs(known) do
    local place = redis.call('ZSCORE', list, ids[i])
    if not place then elsewhere[#elsewhere + 1] = i end
    if first and not (place and tonumber(place) >= first and tonumber(place) <= last) then
      redis.call('HSETNX', before, ids[i], old[i] ~= new[i] and old[i] or '')
    end
  end
  return elsewhere
end

local function add_places(list, ids, place)
  local added = 0
  for from = 1, #ids, CHUNK / 2 do
    local words = {}
    for i = from, math.min(from + CHUNK / 2 - 1, #ids) do
      words[2 * (i - from) + 1], words[2 * (i - from) + 2] = place + i - 1, ids[i]
    end
    added = added + redis.call('ZADD', list, 'NX', unpack(words))
  end
  return added
end

-- keys: contacts, lists, list, before, numbers. `old` are the records the batch rests on, none for all
-- new ones; `known` are the contacts that have one; `place` is that of the first contact, else the list's end.
-- {how many the list did not have yet, the known ones it did not have, who shares a number: index, number, ids, ...};
-- 'changed' and the records as they are, where one has changed since it was read.
local function put_contacts(keys, args)
  local p = cmsgpack.unpack(args[1])
  local now = changed(keys[1], p.ids, p.old)
  if now then return {'changed', now} end
  redis.call('SADD', keys[2], p.list)
  local elsewhere = note_before(keys[3], keys[4], p.first, p.last, p.ids, p.old, p.new, p.known)
  write_records(keys[1], p.ids, p.old, p.new)
  drop_numbers(keys[5], p.stale, p.stale_owners, p.ids)
  local shared = add_numbers(keys[5], p.numbers, p.owners, p.ids)
  return {add_places(keys[3], p.ids, p.place or next_place(keys[3])), elsewhere, shared}
end

local function on_any(command, keys, from, to, id)
  for i = from, to do
    if redis.call(command, keys[i], id) then return true end
  end
  return false
end

local function in_any(keys, from, to, id)
  for i = from, to do
    if redis.call('HEXISTS', keys[i], id) == 1 then return true end
  end
  return false
end

-- The numbers of those contacts alone that `which` has, with their owners.
local function numbers_of(which, numbers, owners, ids)
  local some, theirs = {}, {}
  for i, owner in ipairs(owners) do
    if which[owner] then
      some[#some + 1] = numbers[i]
      theirs[#theirs + 1] = owner
    end
  end
  return some, theirs, ids
end

-- keys: contacts, list, before, history, numbers, then `lists` other lists, `later` befores of imports since and `subs`
-- states. `new` is '' for a contact to remove, else the record to have again.
-- Each contact's answer: removed, restored, off (the list only), enrolled, changed, or again (it has changed meanwhile).
local function take_back(keys, args)
  local t = cmsgpack.unpack(args[1])
  local ids, old, new = t.ids, t.old, t.new
  local lists, later, subs = 5 + t.lists, 5 + t.lists + t.later, 5 + t.lists + t.later + t.subs
  local answers, write = {}, {}
  for i, id in ipairs(ids) do
    local brought = redis.call('ZSCORE', keys[2], id)
    brought = brought and (t.removing or tonumber(brought) >= t.first and tonumber(brought) <= t.last)
    local fresh = new[i] == ''
    if (redis.call('HGET', keys[1], id) or '') ~= old[i] then
      answers[i] = 'again'
    elseif brought and (in_any(keys, later + 1, subs, id)
        or fresh and redis.call('HEXISTS', keys[4], id) == 1) then
      answers[i] = t.removing and 'off' or 'enrolled'
    elseif in_any(keys, lists + 1, later, id) and old[i] ~= new[i] and not fresh then
      answers[i] = 'changed'
    elseif fresh and on_any('ZSCORE', keys, 6, lists, id) then
      answers[i] = 'off'
    elseif old[i] == new[i] then
      answers[i] = brought and 'off' or 'unchanged'
    else
      answers[i] = fresh and 'removed' or 'restored'
      write[i] = true
      write_records(keys[1], {id}, {old[i]}, {new[i]})
    end
    if answers[i] ~= 'again' and answers[i] ~= 'enrolled' then
      if brought then redis.call('ZREM', keys[2], id) end
      redis.call('HDEL', keys[3], id)
    end
  end
  drop_numbers(keys[5], numbers_of(write, t.stale, t.stale_owners, ids))
  add_numbers(keys[5], numbers_of(write, t.numbers, t.owners, ids))
  return answers
end

-- keys: numbers, and a bucket that held some of them in format 2. Whoever has got into the index meanwhile stays.
local function gather_numbers(keys)
  local pairs = redis.call('HGETALL', keys[2])
  for i = 1, #pairs, 2 do
    for id in string.gmatch(pairs[i + 1], '[^\n]+') do add_number(keys[1], pairs[i], id) end
  end
  redis.call('DEL', keys[2])
  return #pairs / 2
end

register('columns', columns, {})
register('begin_import', begin_import, {})
register('put_contacts', put_contacts, {})
register('take_back', take_back, {})
register('gather_numbers', gather_numbers, {})
