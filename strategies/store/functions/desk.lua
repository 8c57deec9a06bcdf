-- The ledger, the lease of the bridge.

-- keys: ledger, figures.
local function append_lines(keys, args)
  append(keys[1], keys[2], cmsgpack.unpack(args[1]).lines)
  return 1
end

-- keys: bridge. Held by one owner at a time, renewed by asking again; a ttl of 0 gives it back.
local function bridge_lease(keys, args)
  local l = cmsgpack.unpack(args[1])
  local holder = redis.call('GET', keys[1])
  if holder and holder ~= l.owner then return 0 end
  if l.ttl_ms > 0 then
    redis.call('SET', keys[1], l.owner, 'PX', l.ttl_ms)
  else
    redis.call('DEL', keys[1])
  end
  return 1
end

register('append', append_lines, {})
register('bridge_lease', bridge_lease, {})
