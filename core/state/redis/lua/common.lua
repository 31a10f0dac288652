-- Put before every script by the loader.

-- How long the last conversation of an idle person is remembered: 48 hours.
local KEPT_MS = 172800000

-- Whether `epoch` of `source` is the newest known here; a newer one is remembered.
local function fence(key, source, epoch)
  local known = tonumber(redis.call('HGET', key, source) or '0')
  if epoch < known then return false end
  if epoch > known then redis.call('HSET', key, source, epoch) end
  return true
end

-- A person's standing: seq, phase, bot, ticket, conversation, side, partner, partner's bot.
local function standing(key)
  local v = redis.call('HMGET', key, 'seq', 'phase', 'bot', 'ticket', 'conv', 'side', 'partner', 'pbot')
  return {v[1] or '0', v[2] or 'idle', v[3] or '0', v[4] or '', v[5] or '0', v[6] or '0', v[7] or '0', v[8] or '0'}
end

-- Write an event of `person` into the outbox; returns it as {id, person, change, standing...}.
local function emit(outbox, person, change, key)
  local s = standing(key)
  local id = redis.call('XADD', outbox, '*', 'e',
    table.concat({person, change, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]}, ' '))
  return {id, person, change, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]}
end
