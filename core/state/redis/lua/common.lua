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

-- The `seq` after that one; the time in seconds where nothing is known of the person (forgotten, or lost with
-- the server), so that it still rises for those who remember an older one.
local function rise(seq)
  if not seq or seq == '0' then return redis.call('TIME')[1] end
  return string.format('%d', seq + 1)
end

-- Give the person the next `seq`.
local function bump(key)
  redis.call('HSET', key, 'seq', rise(redis.call('HGET', key, 'seq')))
end

-- The update of a bot in what is kept of the last one that asked for a change of this person, 'update word'. Each
-- bot has its own: what a person does at one bot must not make another forget what it did.
local function update_of(did)
  return string.match(did or '', '^(%d+) %a+$')
end

-- What this update of a bot came to when it was worked through before, or nil; `did` is what is kept of its last
-- one. Update 0 is no update and always new.
-- Telegram repeats at most its queue of 100,000; one further behind is new, after its numbering started again.
-- It is written once more: who asks again waits for the last write of their own connection, to know that it is safe.
local function done_before(key, bot, did, update)
  local last, word = string.match(did or '', '^(%d+) (%a+)$')
  if update == '0' or not last then return nil end
  local behind = tonumber(last) - tonumber(update)
  if behind < 0 or behind >= 100000 then return nil end
  redis.call('HSET', key, 'did:' .. bot, did)
  return behind == 0 and word or 'again'
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
-- that bot that asked for a change, how often somebody was moved in this conversation. And what is kept of `asker`,
-- a bot, where one is given.
local function standing(key, asker)
  local v = redis.call('HMGET', key, 'seq', 'phase', 'bot', 'ticket', 'conv', 'side', 'partner', 'pbot', 'turn',
    'did:' .. (asker or ''))
  local did = v[10]
  if v[3] and v[3] ~= asker then did = redis.call('HGET', key, 'did:' .. v[3]) end
  return {v[1] or '0', v[2] or 'idle', v[3] or '0', v[4] or '', v[5] or '0', v[6] or '0', v[7] or '0', v[8] or '0',
    v[3] and update_of(did) or '0', v[9] or '0'}, v[10]
end

-- The text of an event of `person`, who stands at `s` now.
local function event(person, change, s)
  return person .. ' ' .. change .. ' ' .. table.concat(s, ' ')
end

-- Write an event into the outbox; returns it as {id, text}.
local function emit(outbox, person, change, s)
  local text = event(person, change, s)
  return {redis.call('XADD', outbox, '*', 'e', text), text}
end

-- Put into the poison stream: args from `at` on are how many are kept, for how long (ms), then fields and values.
local function aside(key, args, at)
  local id = redis.call('XADD', key, 'MAXLEN', args[at], '*', unpack(args, at + 2))
  local now = tonumber(string.match(id, '^%d+'))
  redis.call('XTRIM', key, 'MINID', now - tonumber(args[at + 1]))
  redis.call('PEXPIRE', key, args[at + 1])
  return 1
end
