-- Do-not-call, the ledger, the lease of the bridge.

-- keys: do-not-call, ledger, figures.
local function do_not_call(keys, args)
  local d = cmsgpack.unpack(args[1])
  for _, address in ipairs(d.addresses) do redis.call('HSETNX', keys[1], address, d.note) end
  append(keys[2], keys[3], d.lines)
  return #d.addresses
end

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

register('do_not_call', do_not_call, {})
register('append', append_lines, {})
register('bridge_lease', bridge_lease, {})
