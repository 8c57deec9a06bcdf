-- What others tell of calls of which the store knows nothing.

-- keys: attempt, numbering, ledger, figures, retold. Once per attempt, and never of one that is known: that one has, or
-- will have, its end from whoever made it. Numbers of lost sub-campaigns are not given again.
local function retell(keys, args)
  local r = cmsgpack.unpack(args[1])
  if redis.call('EXISTS', keys[1]) == 1 then return 0 end
  redis.call('HSET', keys[1], 'stage', 'ended', 'result', r.result)
  redis.call('EXPIRE', keys[1], DAY)
  if tonumber(redis.call('HGET', keys[2], r.campaign) or 0) < r.number then
    redis.call('HSET', keys[2], r.campaign, r.number)
  end
  append(keys[3], keys[4], r.lines)
  redis.call('INCR', keys[5])
  return 1
end

register('retell', retell, {})
