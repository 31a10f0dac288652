-- What scripts share. The loader puts before each script the parts that it uses; a blank line ends a part,
-- and a part uses only those above it.

-- How long the last conversation of an idle person is remembered: 48 hours.
local KEPT_MS = 172800000

-- A write by who is no longer the owner: counted beside the fences.
local function refuse(fences)
  redis.call('HINCRBY', fences, 'refused', 1)
  return -1
end

-- Whether `epoch` of `source` is the newest known here; a newer one is remembered, an older one counted.
local function fence(key, source, epoch)
  local known = tonumber(redis.call('HGET', key, source) or '0')
  if epoch < known then
    refuse(key)
    return false
  end
  if epoch > known then redis.call('HSET', key, source, epoch) end
  return true
end

-- The person's next `seq`: one more; the time in seconds where nothing is known of the person (forgotten, or
-- lost with the server), so that it still rises for those who remember an older one.
local function bump(key)
  if redis.call('HINCRBY', key, 'seq', 1) == 1 then redis.call('HSET', key, 'seq', redis.call('TIME')[1]) end
end

-- The last update of `bot` that asked for a change of this person, and what it came to. Each bot has its own:
-- what a person does at one bot must not make another forget what it did.
local function last_of(key, bot)
  local update, word = string.match(redis.call('HGET', key, 'did:' .. bot) or '', '^(%d+) (%a+)$')
  return update, word
end

-- What this update of `bot` came to when it was worked through before, or nil; 0 is no update and always new.
-- Telegram repeats at most its queue of 100,000; one further behind is new, after its numbering started again.
local function done_before(key, bot, update)
  local last, word = last_of(key, bot)
  if update == '0' or not last then return nil end
  local behind = tonumber(last) - tonumber(update)
  if behind == 0 then return word end
  return (behind > 0 and behind < 100000) and 'again' or nil
end

-- Remember what this update of `bot` came to: 'again' where it changed the standing, else the word for that.
local function note(key, bot, update, word)
  if update ~= '0' then redis.call('HSET', key, 'did:' .. bot, update .. ' ' .. word) end
end

-- Nothing was told yet of the conversation that the person is to find; this shard will note what told it.
local function untold(bot)
  return '- ' .. bot .. ' -1'
end

-- A person's standing: seq, phase, bot, ticket, conversation, side, partner, partner's bot, the last update of
-- that bot that asked for a change, how often somebody was moved in this conversation.
local function standing(key)
  local v = redis.call('HMGET', key, 'seq', 'phase', 'bot', 'ticket', 'conv', 'side', 'partner', 'pbot', 'turn')
  local asked = v[3] and last_of(key, v[3]) or '0'
  return {v[1] or '0', v[2] or 'idle', v[3] or '0', v[4] or '', v[5] or '0', v[6] or '0', v[7] or '0', v[8] or '0',
    asked, v[9] or '0'}
end

-- Write an event of `person` into the outbox; returns it as {id, person, change, standing...}.
local function emit(outbox, person, change, key)
  local s = standing(key)
  local id = redis.call('XADD', outbox, '*', 'e',
    table.concat({person, change, unpack(s)}, ' '))
  return {id, person, change, unpack(s)}
end

-- Put into the poison stream: args from `at` on are how many are kept, for how long (ms), then fields and values.
local function aside(key, args, at)
  local id = redis.call('XADD', key, 'MAXLEN', args[at], '*', unpack(args, at + 2))
  local now = tonumber(string.match(id, '^%d+'))
  redis.call('XTRIM', key, 'MINID', now - tonumber(args[at + 1]))
  redis.call('PEXPIRE', key, args[at + 1])
  return 1
end
