-- A person whose bot is gone is served by another from now on, or (to 0) by none.
-- KEYS person, partner, tickets, outbox, leader's epoch, chatting
-- ARGV leader's epoch, person, partner, from bot, to bot
-- The partner is declared by the caller; where it is another by now, 'retry' says so.
-- Returns {'stale'} | {'retry', standing} | {'elsewhere'} (not there, or idle) | {'done', event ...}.
if redis.call('GET', KEYS[5]) ~= ARGV[1] then return {'stale'} end
local s = standing(KEYS[1])
if s[3] ~= ARGV[4] or s[2] == 'idle' then return {'elsewhere'} end
local gone = ARGV[5] == '0'
if s[2] == 'waiting' then
  redis.call('XDEL', KEYS[3], s[4])
  bump(KEYS[1])
  if gone then
    redis.call('HSET', KEYS[1], 'phase', 'idle', 'ticket', '')
    redis.call('PEXPIRE', KEYS[1], KEPT_MS)
    return {'done'}
  end
  local ticket = redis.call('XADD', KEYS[3], '*', 'p', ARGV[2], 'b', ARGV[5], 'l', s[7])
  redis.call('HSET', KEYS[1], 'bot', ARGV[5], 'ticket', ticket, 'words', untold(ARGV[5]))
  return {'done', emit(KEYS[4], ARGV[2], 'arrived', standing(KEYS[1]))}
end
if s[7] ~= ARGV[3] then return {'retry', s} end
local p = standing(KEYS[2])
local together = p[2] == 'chatting' and p[5] == s[5]
redis.call('HINCRBY', KEYS[6], s[3], -1)
bump(KEYS[1])
if gone then
  redis.call('HSET', KEYS[1], 'phase', 'idle')
  redis.call('PEXPIRE', KEYS[1], KEPT_MS)
  if not together then return {'done'} end
  redis.call('HINCRBY', KEYS[6], p[3], -1)
  bump(KEYS[2])
  redis.call('HSET', KEYS[2], 'phase', 'idle')
  redis.call('PEXPIRE', KEYS[2], KEPT_MS)
  return {'done', emit(KEYS[4], ARGV[3], 'partner_unreachable', standing(KEYS[2]))}
end
local turn = tonumber(s[10]) + 1
redis.call('HINCRBY', KEYS[6], ARGV[5], 1)
-- The new bot may have said it already; what the one before told them of means nothing there.
local told = s[5] .. ' ' .. ARGV[5] .. ' '
local words = redis.call('HGET', KEYS[1], 'words:' .. ARGV[5]) or ''
if string.sub(words, 1, #told) ~= told then words = told .. '-1' end
redis.call('HSET', KEYS[1], 'bot', ARGV[5], 'turn', turn, 'words', words)
redis.call('HDEL', KEYS[1], 'words:' .. ARGV[5])
local events = {emit(KEYS[4], ARGV[2], 'arrived', standing(KEYS[1]))}
if together then
  bump(KEYS[2])
  redis.call('HSET', KEYS[2], 'pbot', ARGV[5], 'turn', turn)
  events[2] = emit(KEYS[4], ARGV[3], 'partner_moved', standing(KEYS[2]))
end
return {'done', unpack(events)}
