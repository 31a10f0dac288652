-- A person stops searching or ends the conversation, and may search again at once.
-- KEYS person, partner, tickets, outbox, fences, chatting
-- ARGV source bot, epoch, update, person, partner, 'find' or '', what the partner is told, what the person is told,
-- 'anywhere' or ''
-- Update 0 means that the shard itself asks (the person cannot be reached). What the person is in at another bot
-- goes on, unless it is to end anywhere.
-- The partner is declared by the caller; where it is another by now, 'retry' says so.
-- Returns {word, standing, event ...}: 'stale', 'again', 'retry', 'unchanged', 'elsewhere', 'done'.
if not fence(KEYS[5], ARGV[1], tonumber(ARGV[2])) then return {'stale', (standing(KEYS[1]))} end
local s, did = standing(KEYS[1], ARGV[1])
local known = done_before(KEYS[1], ARGV[1], did, ARGV[3])
if known then return {known, s} end
if s[2] ~= 'idle' and s[3] ~= ARGV[1] and ARGV[9] == '' then
  note(KEYS[1], ARGV[1], ARGV[3], 'elsewhere')
  return {'elsewhere', s}
end
local events = {}
local told = ARGV[8]
if s[2] == 'idle' then
  if ARGV[6] ~= 'find' then
    note(KEYS[1], ARGV[1], ARGV[3], 'unchanged')
    -- Also where the shard asks: that what it asks for is done already may not be safe yet (see done_before).
    redis.call('PEXPIRE', KEYS[1], KEPT_MS)
    return {'unchanged', (standing(KEYS[1]))}
  end
  told = 'searching'
elseif s[2] == 'waiting' then
  if ARGV[6] == 'find' then
    note(KEYS[1], ARGV[1], ARGV[3], 'unchanged')
    return {'unchanged', (standing(KEYS[1]))}
  end
  redis.call('XDEL', KEYS[3], s[4])
  told = 'search_cancelled'
else
  if s[7] ~= ARGV[5] then return {'retry', s} end
  redis.call('HINCRBY', KEYS[6], s[3], -1)
  local p = standing(KEYS[2])
  if p[2] == 'chatting' and p[5] == s[5] then
    redis.call('HINCRBY', KEYS[6], p[3], -1)
    bump(KEYS[2])
    redis.call('HSET', KEYS[2], 'phase', 'idle')
    redis.call('PEXPIRE', KEYS[2], KEPT_MS)
    events[1] = emit(KEYS[4], ARGV[5], ARGV[7], standing(KEYS[2]))
  end
end
bump(KEYS[1])
redis.call('HSET', KEYS[1], 'phase', 'idle', 'ticket', '')
note(KEYS[1], ARGV[1], ARGV[3], 'again')
if ARGV[6] == 'find' then
  local ticket = redis.call('XADD', KEYS[3], '*', 'p', ARGV[4], 'b', ARGV[1], 'l', s[7])
  redis.call('HSET', KEYS[1], 'phase', 'waiting', 'bot', ARGV[1], 'ticket', ticket, 'words', untold(ARGV[1]))
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], KEPT_MS)
end
s = standing(KEYS[1])
events[#events + 1] = emit(KEYS[4], ARGV[4], told, s)
return {'done', s, unpack(events)}
