-- Overrides and the plan of phases that follows from them.

-- keys: overrides, plan, control, ledger, figures. 0 when the plan has changed since it was read.
local function replan(keys, args)
  local p = cmsgpack.unpack(args[1])
  if tonumber(redis.call('HGET', keys[3], 'plan') or 0) ~= p.was then return 0 end
  for i = 1, #p.overrides, 2 do redis.call('HSET', keys[1], p.overrides[i], p.overrides[i + 1]) end
  for _, field in ipairs(p.forgotten) do redis.call('HDEL', keys[2], field) end
  for i = 1, #p.fields, 2 do redis.call('HSET', keys[2], p.fields[i], p.fields[i + 1]) end
  redis.call('HSET', keys[3], 'plan', p.revision)
  append(keys[4], keys[5], p.lines)
  return 1
end

-- keys: control, ledger, figures. 0 when another process has told of this phase. Until `rousing` is taken away,
-- somebody may still wait by what held before.
local function turn_phase(keys, args)
  local p = cmsgpack.unpack(args[1])
  if (redis.call('HGET', keys[1], 'phase') or '') ~= p.was then return 0 end
  redis.call('HSET', keys[1], 'phase', p.phase, 'rousing', 1)
  append(keys[2], keys[3], p.lines)
  return 1
end

register('replan', replan, {})
register('turn_phase', turn_phase, {})
