-- A copy of everything of a tenant, as it stands at one moment.

-- keys: those that are left out. Every other key that begins with `of` is copied to one that begins with `to`; returns
-- what follows `of` in their names, each with when it is forgotten, which no copy is. Whatever began with `to` before
-- goes first.
local function snapshot(keys, args)
  local s, left_out, copied = cmsgpack.unpack(args[1]), {}, {}
  for _, key in ipairs(redis.call('KEYS', s.to .. '*')) do redis.call('UNLINK', key) end
  for _, key in ipairs(keys) do left_out[key] = true end
  for _, key in ipairs(redis.call('KEYS', s.of .. '*')) do
    if not left_out[key] then
      local rest = string.sub(key, #s.of + 1)
      redis.call('COPY', key, s.to .. rest)
      copied[#copied + 1] = {rest, redis.call('PEXPIRETIME', key)}
      redis.call('PERSIST', s.to .. rest)
    end
  end
  return copied
end

register('snapshot', snapshot, {'allow-cross-slot-keys'})
