-- An idle person asks for a partner.
-- KEYS person, tickets, outbox, fences   ARGV source bot, epoch, update, person
-- Returns {word, standing, event?}: 'stale', 'again' (this update was done before), 'busy' (not idle), 'done'.
if not fence(KEYS[4], ARGV[1], tonumber(ARGV[2])) then return {'stale', standing(KEYS[1])} end
local known = done_before(KEYS[1], ARGV[1], ARGV[3])
local s = standing(KEYS[1])
if known then return {known, s} end
if s[2] ~= 'idle' then
  note(KEYS[1], ARGV[1], ARGV[3], 'busy')
  return {'busy', standing(KEYS[1])}
end
local ticket = redis.call('XADD', KEYS[2], '*', 'p', ARGV[4], 'b', ARGV[1], 'l', s[7])
bump(KEYS[1])
redis.call('HSET', KEYS[1], 'phase', 'waiting', 'bot', ARGV[1], 'ticket', ticket, 'words', untold(ARGV[1]))
note(KEYS[1], ARGV[1], ARGV[3], 'again')
redis.call('PERSIST', KEYS[1])
return {'done', standing(KEYS[1]), emit(KEYS[3], ARGV[4], 'searching', KEYS[1])}
