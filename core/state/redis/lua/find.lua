-- An idle person asks for a partner.
-- KEYS person, tickets, outbox, fences   ARGV source bot, epoch, update, person
-- Returns {word, standing, event?}: 'stale', 'again' (this update was done before), 'busy' (not idle), 'done'.
if not fence(KEYS[4], ARGV[1], tonumber(ARGV[2])) then return {'stale', (standing(KEYS[1]))} end
local s, did = standing(KEYS[1], ARGV[1])
local known = done_before(did, ARGV[3])
if known then return {known, s} end
if s[2] ~= 'idle' then
  note(KEYS[1], ARGV[1], ARGV[3], 'busy')
  return {'busy', (standing(KEYS[1]))}
end
local ticket = redis.call('XADD', KEYS[2], '*', 'p', ARGV[4], 'b', ARGV[1], 'l', s[7])
redis.call('PERSIST', KEYS[1])
s[1], s[2], s[3], s[4], s[9] = rise(s[1]), 'waiting', ARGV[1], ticket, update_of(did) or '0'
local written = {'seq', s[1], 'phase', s[2], 'bot', s[3], 'ticket', ticket, 'words', untold(ARGV[1])}
if ARGV[3] ~= '0' then
  s[9], written[11], written[12] = ARGV[3], 'did:' .. ARGV[1], ARGV[3] .. ' again'
end
redis.call('HSET', KEYS[1], unpack(written))
return {'done', s, emit(KEYS[3], ARGV[4], 'searching', s)}
