-- The places of contacts, given anew when the order changes.

-- A moment without the place that was added to it; places are microseconds, moments are kept to the millisecond.
local function moment(score, rank) return math.floor((score - rank * RANK) * 1000 + 0.5) / 1000 end

-- keys: sub, contacts, due lanes. The contacts that are in the sub-campaign take the places from `first` on; how many
-- they are.
local function rank_anew(keys, args)
  local sub, at = sub_keys(keys, 1)
  local r, lists = cmsgpack.unpack(args[1]), tonumber(redis.call('HGET', sub.control, 'lists') or 1)
  if #keys - at < lists then return {lists, false} end
  local lanes, rank = {sub.promised, sub.waking, sub.messages}, r.first
  for place = at + 1, #keys do lanes[#lanes + 1] = keys[place] end
  for _, id in ipairs(r.contacts) do
    local old = read_state(sub, id)
    if old then
      redis.call('HSET', sub.state, id,
        string.format('%d %d %d %s %s', old.version, old.stand, rank, old.live, old.body))
      for _, lane in ipairs(lanes) do
        local score = redis.call('ZSCORE', lane, id)
        if score then redis.call('ZADD', lane, moment(tonumber(score), old.rank) + rank * RANK, id) end
      end
      redis.call('ZADD', sub.parked, 'XX', rank, id)
      rank = rank + 1
    end
  end
  return {lists, rank - r.first}
end

register('rank_anew', rank_anew, {})
