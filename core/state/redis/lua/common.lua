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

-- The person's next `seq`: one more; the time in seconds where nothing is known of the person (forgotten, or
-- lost with the server), so that it still rises for those who remember an older one.
local function bump(key)
  if redis.call('HINCRBY', key, 'seq', 1) == 1 then redis.call('HSET', key, 'seq', redis.call('TIME')[1]) end
end

-- Whether this update of `bot` already changed the person's standing; 0 is no update and may always. Telegram
-- repeats at most its queue of 100,000; one further behind is new, after its numbering started again.
local function done_before(key, bot, update)
  local last = redis.call('HMGET', key, 'cbot', 'cupd')
  if update == '0' or last[1] ~= bot then return false end
  local behind = tonumber(last[2]) - tonumber(update)
  return behind >= 0 and behind < 100000
end

-- Remember that this update of `bot` changed the person's standing.
local function note(key, bot, update)
  if update ~= '0' then redis.call('HSET', key, 'cbot', bot, 'cupd', update) end
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
