-- What agents say of calls.

-- keys: noted, tallies, ledger, figures. The first note of a call that tells of its objective is counted.
local function note(keys, args)
  local r = cmsgpack.unpack(args[1])
  append(keys[3], keys[4], r.lines)
  if not r.tally or not redis.call('SET', keys[1], '1', 'NX', 'EX', DAY) then return 0 end
  redis.call('HINCRBY', keys[2], r.tally .. '|pursued', 1)
  redis.call('HINCRBY', keys[2], r.tally .. '|achieved', r.achieved)
  return 1
end

register('note', note, {})
