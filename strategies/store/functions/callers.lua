-- Calls that come in: one read before the decision, one write of a re-association.

-- Of several contacts with one number, the one that was spoken of last.
local function contact_of(numbers, number, history)
  local best, best_at
  local ids = {}
  for id in string.gmatch(redis.call('HGET', numbers, number) or '', '[^\n]+') do ids[#ids + 1] = id end
  table.sort(ids)
  for _, id in ipairs(ids) do
    local raw = redis.call('HGET', history, id)
    local at = raw and cjson.decode(raw).last_at or 0
    if not best or at > best_at then best, best_at = id, at end
  end
  return best
end

-- The contact of an attempt, of the account the caller gave, or of the number they call from, in this order.
local function who(keys, c)
  local id = c.attempt and redis.call('HGET', keys[7], 'contact')
  if id then return id end
  if c.account and redis.call('HEXISTS', keys[1], c.account) == 1 then return c.account end
  return c.number and contact_of(keys[6], c.field, keys[2])
end

-- keys: contacts, history, segments, queues, busy, number, attempt, past calls. One read for everything a decision
-- needs; `counted` where the share of customers moved is guarded.
local function caller(keys, args)
  local c = cmsgpack.unpack(args[1])
  local id = who(keys, c)
  local customer = id or c.number or ''
  return {id and redis.call('HGET', keys[1], id) or '', redis.call('HGET', keys[3], customer) or '',
    id and redis.call('HGET', keys[2], id) or '', redis.call('HGETALL', keys[4]),
    c.number and redis.call('HGET', keys[5], c.number) or '', redis.call('HGET', keys[8], customer) or '',
    c.counted and share_told(keys[3], c.counted.interaction, c.counted.at, c.counted.per) or ''}
end

-- keys: call over, past calls, ledger, figures. A call's end is written once.
local function call_over(keys, args)
  local r = cmsgpack.unpack(args[1])
  if not redis.call('SET', keys[1], '1', 'NX', 'EX', DAY) then return 0 end
  if r.past then redis.call('HSET', keys[2], r.customer, r.past) end
  append(keys[3], keys[4], r.lines)
  return 1
end

-- keys: interaction, segments, ledger, figures. Once per interaction; 'conflict' when another call moved the customer.
local function reassociate(keys, args)
  local r = cmsgpack.unpack(args[1])
  share_said(keys[2], r.interaction, r.moves)
  if not redis.call('SET', keys[1], r.about, 'NX', 'EX', DAY) then return 'repeated' end
  if r.segment then
    local raw = redis.call('HGET', keys[2], r.customer)
    local version = raw and cjson.decode(raw).version or 0
    if version ~= r.version then
      redis.call('SET', keys[1], r.stays, 'EX', DAY)
      append(keys[3], keys[4], r.conflict)
      return 'conflict'
    end
    redis.call('HSET', keys[2], r.customer, r.segment)
  end
  append(keys[3], keys[4], r.lines)
  return 'done'
end

register('caller', caller, {'no-writes'})
register('call_over', call_over, {})
register('reassociate', reassociate, {})
