-- Lists: contacts written and taken back, the index of their numbers, the columns their records refer to.

local CHUNK = 4000 -- words of one command: Lua's stack holds not many more

local function contains(ids, id)
  return string.find('\n' .. ids .. '\n', '\n' .. id .. '\n', 1, true) ~= nil
end

-- Who else has the number, or nil.
local function add_number(bucket, field, id)
  if redis.call('HSETNX', bucket, field, id) == 1 then return nil end
  local ids = redis.call('HGET', bucket, field)
  if contains(ids, id) then return nil end
  redis.call('HSET', bucket, field, ids .. '\n' .. id)
  return ids
end

local function drop_number(bucket, field, id)
  local left = {}
  for other in string.gmatch(redis.call('HGET', bucket, field) or '', '[^\n]+') do
    if other ~= id then left[#left + 1] = other end
  end
  if #left == 0 then redis.call('HDEL', bucket, field) else redis.call('HSET', bucket, field, table.concat(left, '\n')) end
end

-- The records as they are, '' for one that is not there, if they are not what the caller read.
local function changed(contacts, ids, records)
  local all, differs = {}, false
  for from = 1, #ids, CHUNK do
    local found = redis.call('HMGET', contacts, unpack(ids, from, math.min(from + CHUNK - 1, #ids)))
    for i = 1, #found do
      all[#all + 1] = found[i] or ''
      differs = differs or all[#all] ~= records[#all]
    end
  end
  return differs and all or nil
end

-- The parts of a batch: ids, the records it rests on, and those to write, each in the order given.
local function batch_of(args)
  local ids, old, new = {}, {}, {}
  for i = 2, #args, 3 do
    ids[#ids + 1], old[#old + 1], new[#new + 1] = args[i], args[i + 1], args[i + 2]
  end
  return ids, old, new
end

local function write_records(contacts, ids, old, new)
  local words = {}
  for i, id in ipairs(ids) do
    if new[i] == '' then
      redis.call('HDEL', contacts, id)
    elseif new[i] ~= old[i] then
      words[#words + 1], words[#words + 2] = id, new[i]
    end
    if #words > 0 and (#words >= CHUNK or i == #ids) then
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
  local record = last and redis.call('HGET', keys[1], last)
  if record and cjson.decode(record).state == 'unfinished' then return record end
  redis.call('DEL', keys[3])
  local id = b.list .. '/' .. redis.call('HINCRBY', keys[1], 'count:' .. b.list, 1)
  record = cjson.decode(b.record)
  record.id, record.first = id, next_place(keys[2])
  redis.call('HSET', keys[1], id, cjson.encode(record), 'last:' .. b.list, id)
  return redis.call('HGET', keys[1], id)
end

-- What an import may have to give back: nothing of a contact that it brought itself.
local function note_before(list, before, first, ids, old, new, known)
  local elsewhere = {}
  for _, i in ipairs(known) do
    local place = redis.call('ZSCORE', list, ids[i])
    if not place then elsewhere[#elsewhere + 1] = i end
    if first and not (place and tonumber(place) >= first) then
      redis.call('HSETNX', before, ids[i], old[i] ~= new[i] and old[i] or '')
    end
  end
  return elsewhere
end

-- keys: contacts, lists, list, before, then buckets of numbers. ARGV: how, then id, old record, new record, ...
-- `numbers` is flat: index of contact, index of key, number, ...; `known` are the contacts that have an old record.
-- {how many the list did not have yet, the known ones it did not have, who shares a number: index, number, ids, ...};
-- 'changed' and the records as they are, where one has changed since it was read.
local function put_contacts(keys, args)
  local p = cmsgpack.unpack(args[1])
  local ids, old, new = batch_of(args)
  local now = changed(keys[1], ids, old)
  if now then return {'changed', now} end
  redis.call('SADD', keys[2], p.list)
  local elsewhere = note_before(keys[3], keys[4], p.first, ids, old, new, p.known)
  write_records(keys[1], ids, old, new)
  local shared = {}
  for i = 1, #p.stale, 3 do drop_number(keys[p.stale[i + 1]], p.stale[i + 2], ids[p.stale[i]]) end
  for i = 1, #p.numbers, 3 do
    local others = add_number(keys[p.numbers[i + 1]], p.numbers[i + 2], ids[p.numbers[i]])
    if others then shared[#shared + 1] = {p.numbers[i], p.numbers[i + 2], others} end
  end
  local place, words, added = next_place(keys[3]), {}, 0
  for i, id in ipairs(ids) do
    words[#words + 1], words[#words + 2] = place + i - 1, id
    if #words >= CHUNK or i == #ids then
      added = added + redis.call('ZADD', keys[3], 'NX', unpack(words))
      words = {}
    end
  end
  return {added, elsewhere, shared}
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

-- keys: contacts, list, before, history, then `lists` other lists, `later` befores of imports since, `subs` states, then
-- buckets of numbers. ARGV: how, then id, record as it is, '' for one to remove or the record to have again.
-- Each contact's answer: removed, restored, off (the list only), enrolled, changed, or again (it has changed meanwhile).
local function take_back(keys, args)
  local t = cmsgpack.unpack(args[1])
  local ids, old, new = batch_of(args)
  local lists, later, subs = 4 + t.lists, 4 + t.lists + t.later, 4 + t.lists + t.later + t.subs
  local answers, write = {}, {}
  for i, id in ipairs(ids) do
    local brought = redis.call('ZSCORE', keys[2], id)
    brought = brought and (t.removing or tonumber(brought) >= t.first)
    local fresh = new[i] == ''
    if (redis.call('HGET', keys[1], id) or '') ~= old[i] then
      answers[i] = 'again'
    elseif brought and (in_any(keys, later + 1, subs, id)
        or fresh and redis.call('HEXISTS', keys[4], id) == 1) then
      answers[i] = t.removing and 'off' or 'enrolled'
    elseif in_any(keys, lists + 1, later, id) and old[i] ~= new[i] and not fresh then
      answers[i] = 'changed'
    elseif fresh and on_any('ZSCORE', keys, 5, lists, id) then
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
  for i = 1, #t.stale, 3 do
    if write[t.stale[i]] then drop_number(keys[t.stale[i + 1]], t.stale[i + 2], ids[t.stale[i]]) end
  end
  for i = 1, #t.numbers, 3 do
    if write[t.numbers[i]] then add_number(keys[t.numbers[i + 1]], t.numbers[i + 2], ids[t.numbers[i]]) end
  end
  return answers
end

register('columns', columns, {})
register('begin_import', begin_import, {})
register('put_contacts', put_contacts, {})
register('take_back', take_back, {})
