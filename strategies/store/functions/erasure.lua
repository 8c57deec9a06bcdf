-- Taking a person away.

-- keys: busy, erased, then those that `hashes`, `sets` and `numbers` count from 1. 0 while the person is being called.
local function forget(keys, args)
  local f = cmsgpack.unpack(args[1])
  for _, mark in ipairs(f.marks) do
    if redis.call('HEXISTS', keys[1], mark) == 1 then return 0 end
  end
  for _, hash in ipairs(f.hashes) do redis.call('HDEL', keys[hash[1] + 2], unpack(hash[2])) end
  for _, set in ipairs(f.sets) do redis.call('ZREM', keys[set[1] + 2], f.contact) end
  for _, number in ipairs(f.numbers) do drop_number(keys[number[1] + 2], number[2], f.contact) end
  for _, mark in ipairs(f.erased) do redis.call('HSET', keys[2], mark, f.at) end
  return 1
end

-- keys: ledger, its copy up to `after`. The rest is added to the copy, which then stands in the ledger's place.
local function swap_ledger(keys, args)
  local s = cmsgpack.unpack(args[1])
  local rest = redis.call('XRANGE', keys[1], '(' .. s.after, '+')
  for _, entry in ipairs(rest) do redis.call('XADD', keys[2], entry[1], unpack(entry[2])) end
  redis.call('RENAME', keys[2], keys[1])
  return #rest
end

register('forget', forget, {})
register('swap_ledger', swap_ledger, {})
