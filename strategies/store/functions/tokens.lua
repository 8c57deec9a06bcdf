-- Tokens by their digest, one for each name.

-- keys: tokens. The digest of the token of that name, or nil.
local function token_of(keys, name)
  local kept = redis.call('HGETALL', keys[1])
  for i = 1, #kept, 2 do
    if cjson.decode(kept[i + 1]).name == name then return kept[i] end
  end
end

-- keys: tokens. 0 where the name is taken.
local function add_token(keys, args)
  local r = cmsgpack.unpack(args[1])
  if token_of(keys, r.name) then return 0 end
  redis.call('HSET', keys[1], r.digest, r.token)
  return 1
end

-- keys: tokens. 0 where nobody has that name.
local function remove_token(keys, args)
  local digest = token_of(keys, cmsgpack.unpack(args[1]).name)
  return digest and redis.call('HDEL', keys[1], digest) or 0
end

register('add_token', add_token, {})
register('remove_token', remove_token, {})
