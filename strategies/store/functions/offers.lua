-- People shown to agents before they are called.

-- keys: offers, answers. The answer that counts: this one, or the first one given; nil where the offer is gone.
local function answer_offer(keys, args)
  local r = cmsgpack.unpack(args[1])
  if redis.call('HEXISTS', keys[1], r.offer) == 0 then return nil end
  redis.call('HSETNX', keys[2], r.offer, r.answer)
  return redis.call('HGET', keys[2], r.offer)
end

-- keys: offers, answers. An answer goes with its offer.
local function withdraw_offers(keys, args)
  for _, offer in ipairs(cmsgpack.unpack(args[1])) do
    redis.call('HDEL', keys[1], offer)
    redis.call('HDEL', keys[2], offer)
  end
  return 1
end

register('answer_offer', answer_offer, {})
register('withdraw_offers', withdraw_offers, {})
