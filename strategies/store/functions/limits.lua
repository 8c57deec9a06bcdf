-- Who must not be called: addresses of everybody and of one campaign, prefixes, the registries of countries; and whom
-- somebody spoke with.

-- The lengths of the prefixes there are, in a field no prefix can have: a claim asks for those alone.
local function note_lengths(prefixes)
  local seen, lengths = {}, {}
  redis.call('HDEL', prefixes, '#')
  for _, prefix in ipairs(redis.call('HKEYS', prefixes)) do
    if not seen[#prefix] then
      seen[#prefix] = true
      lengths[#lengths + 1] = #prefix
    end
  end
  table.sort(lengths, function(a, b) return a > b end)
  if #lengths > 0 then redis.call('HSET', prefixes, '#', table.concat(lengths, ' ')) end
end

-- keys: a hash of what must not be called, ledger, figures. How many were new; the first reason is kept.
local function suppress(keys, args)
  local s, new = cmsgpack.unpack(args[1]), 0
  for _, entry in ipairs(s.entries) do new = new + redis.call('HSETNX', keys[1], entry, s.note) end
  if s.prefixes then note_lengths(keys[1]) end
  append(keys[2], keys[3], s.lines)
  return new
end

-- keys: as above. Those that stood there.
local function unsuppress(keys, args)
  local s, found = cmsgpack.unpack(args[1]), {}
  for _, entry in ipairs(s.entries) do
    if redis.call('HDEL', keys[1], entry) == 1 then found[#found + 1] = entry end
  end
  if s.prefixes then note_lengths(keys[1]) end
  if #found > 0 then append(keys[2], keys[3], s.lines) end
  return found
end

-- keys: the numbers as loaded, the registry, registries, ledger, figures. The new one in place of the old in one step.
local function replace_registry(keys, args)
  local r = cmsgpack.unpack(args[1])
  if redis.call('EXISTS', keys[1]) == 1 then
    redis.call('RENAME', keys[1], keys[2])
  else
    redis.call('UNLINK', keys[2])
  end
  local count = redis.call('SCARD', keys[2])
  redis.call('HSET', keys[3], r.country, r.as_of, r.country .. ':note', r.note)
  append(keys[4], keys[5], r.lines)
  return count
end

-- keys: calls.
local function spoke(keys, args)
  local s = cmsgpack.unpack(args[1])
  note_spoken(keys[1], s.marks, 'c', s.debt, s.at)
  return #s.marks
end

-- keys: calls. Nobody was there for the person of these marks.
local function abandoned(keys, args)
  local s = cmsgpack.unpack(args[1])
  local entry = entry_of(moment(s.at), 'n', '', false)
  relog(keys[1], s.marks, function(log) return with_entry(log, entry, s.at) end)
  return #s.marks
end

register('abandoned', abandoned, {})
register('suppress', suppress, {})
register('unsuppress', unsuppress, {})
register('replace_registry', replace_registry, {})
register('spoke', spoke, {})
