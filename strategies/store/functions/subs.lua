-- Sub-campaigns and the stop switch.

-- keys: run, ledger, sub. Stopped and completed are final.
local function set_run_state(keys, args)
  local sub = sub_keys(keys, 3)
  local s = cmsgpack.unpack(args[1])
  local current = redis.call('HGET', keys[1], s.sub)
  if not current or current == 'stopped' or current == 'completed' then return 0 end
  redis.call('HSET', keys[1], s.sub, s.state)
  append(keys[2], sub.figures, s.lines)
  if s.state == 'running' then wake(sub) end
  return 1
end

-- keys: halted, then every sub.
local function unhalt(keys)
  redis.call('DEL', keys[1])
  local at = 2
  while at <= #keys do
    local sub
    sub, at = sub_keys(keys, at)
    wake(sub)
  end
  return 1
end

-- keys: subs, run, ledger, figures, control, open.
local function create_sub(keys, args)
  local s = cmsgpack.unpack(args[1])
  if redis.call('HSETNX', keys[1], s.sub, s.record) == 0 then return 0 end
  redis.call('HSET', keys[2], s.sub, s.state)
  for index, name in ipairs(s.lists) do redis.call('HSET', keys[5], 'list:' .. name, index - 1) end
  redis.call('SADD', keys[6], s.sub)
  if #s.lists > 0 then redis.call('HSET', keys[5], 'lists', #s.lists) end
  append(keys[3], keys[4], s.lines)
  return 1
end

register('create_sub', create_sub, {})
register('set_run_state', set_run_state, {})
register('unhalt', unhalt, {})
