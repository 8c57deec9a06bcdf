
-- How many callers were decided about lately and how many of them moved, for the guard on that share: counted for all
-- who decide, in the step in which they are told what is known of a caller, so that no two of them take the last place.
-- It is held in the server's memory and never goes to the disk, for which a caller would wait; a server that was started
-- anew counts anew.
--
-- Who was told counts as moved until they say what they came to, and who never says it as not moved.

local SHARES = {} -- by a key of the tenant's
local PARTS = 60 -- of an interval, forgotten one at a time
local UNSAID = 10 -- seconds after which nobody says any more what they came to

local function share_of(key)
  SHARES[key] = SHARES[key] or {decided = 0, moved = 0, parts = {}, first = 1, last = 0,
    open = {}, asked = {}, asked_first = 1, asked_last = 0}
  return SHARES[key]
end

local function say(share, interaction, moved)
  local part = share.open[interaction]
  share.open[interaction] = nil
  if not part or moved then return end
  part.moved = part.moved - 1
  if not part.gone then share.moved = share.moved - 1 end
end

local function forget(share, at, per)
  while share.asked_first <= share.asked_last do
    local asked = share.asked[share.asked_first]
    if asked.at > at - UNSAID then break end
    if share.open[asked.interaction] == asked.part then say(share, asked.interaction, false) end
    share.asked[share.asked_first], share.asked_first = nil, share.asked_first + 1
  end
  while share.first <= share.last and share.parts[share.first].ends <= at - per do
    local part = share.parts[share.first]
    part.gone, share.decided, share.moved = true, share.decided - part.decided, share.moved - part.moved
    share.parts[share.first], share.first = nil, share.first + 1
  end
end

local function part_of(share, at, per)
  local part = share.parts[share.last]
  if not part or part.ends <= at then
    share.last = share.last + 1
    part = {ends = at + per / PARTS, decided = 0, moved = 0}
    share.parts[share.last] = part
  end
  return part
end

-- What the interval holds without this interaction, which counts from now on.
local function share_told(key, interaction, at, per)
  local share = share_of(key)
  say(share, interaction, false)
  forget(share, at, per)
  local told = {share.decided, share.moved}
  local part = part_of(share, at, per)
  part.decided, part.moved = part.decided + 1, part.moved + 1
  share.decided, share.moved = share.decided + 1, share.moved + 1
  share.open[interaction] = part
  share.asked_last = share.asked_last + 1
  share.asked[share.asked_last] = {interaction = interaction, at = at, part = part}
  return told
end

local function share_said(key, interaction, moved)
  if SHARES[key] then say(SHARES[key], interaction, moved) end
end
