-- An idle person asks for a partner.
-- KEYS person, tickets, fences   ARGV source bot, epoch, update, person
-- Returns the new standing in one line, or {word, standing}: 'stale', 'again' (this update was done before), 'busy'
-- (not idle). The shard says so itself, before the update is confirmed: a death in between makes it come again.
if not fence(KEYS[3], ARGV[1], tonumber(ARGV[2])) then return {'stale', (standing(KEYS[1]))} end
local bot, update = ARGV[1], ARGV[3]
local seq, phase, conversation, side, partner, pbot, turn, did = unpack(redis.call('HMGET', KEYS[1],
  'seq', 'phase', 'conv', 'side', 'partner', 'pbot', 'turn', 'did:' .. bot))
local known = done_before(KEYS[1], bot, did, update)
if known then return {known, (standing(KEYS[1], bot))} end
if phase and phase ~= 'idle' then
  note(KEYS[1], bot, update, 'busy')
  return {'busy', (standing(KEYS[1], bot))}
end
local ticket = redis.call('XADD', KEYS[2], '*', 'p', ARGV[4], 'b', bot, 'l', partner or '0')
redis.call('PERSIST', KEYS[1])
-- Where nothing is known of the person, what `rise` says, as the ticket begins with it.
seq = seq and rise(seq) or string.match(ticket, '^(%d+)%d%d%d%-')
if update == '0' then
  update = update_of(did) or '0'
  redis.call('HSET', KEYS[1], 'seq', seq, 'phase', 'waiting', 'bot', bot, 'ticket', ticket, 'words', untold(bot))
else
  redis.call('HSET', KEYS[1], 'seq', seq, 'phase', 'waiting', 'bot', bot, 'ticket', ticket, 'words', untold(bot),
    'did:' .. bot, update .. ' again')
end
return seq .. ' waiting ' .. bot .. ' ' .. ticket .. ' ' .. (conversation or '0') .. ' ' .. (side or '0') .. ' '
  .. (partner or '0') .. ' ' .. (pbot or '0') .. ' ' .. update .. ' ' .. (turn or '0')
