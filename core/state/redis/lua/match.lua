-- Two people who both still wait become a conversation.
-- KEYS person a, person b, tickets, outbox, leader's epoch, chatting, fences
-- ARGV epoch, conversation, person a, ticket a, person b, ticket b
-- Returns {'stale'} | {'gone', a still waits, b still waits} | {'done', event, event}.
if redis.call('GET', KEYS[5]) ~= ARGV[1] then
  refuse(KEYS[7])
  return {'stale'}
end
local a, b = standing(KEYS[1]), standing(KEYS[2])
local a_waits = a[2] == 'waiting' and a[4] == ARGV[4]
local b_waits = b[2] == 'waiting' and b[4] == ARGV[6]
if not (a_waits and b_waits) or ARGV[3] == ARGV[5] then
  -- A ticket whose person is forgotten has nobody else to take it away.
  if not a_waits then redis.call('XDEL', KEYS[3], ARGV[4]) end
  if not b_waits then redis.call('XDEL', KEYS[3], ARGV[6]) end
  return {'gone', a_waits and 1 or 0, b_waits and 1 or 0}
end
redis.call('XDEL', KEYS[3], ARGV[4], ARGV[6])
bump(KEYS[1])
redis.call('HSET', KEYS[1], 'phase', 'chatting', 'ticket', '', 'conv', ARGV[2], 'side', 0, 'partner', ARGV[5], 'pbot', b[3], 'turn', 0)
bump(KEYS[2])
redis.call('HSET', KEYS[2], 'phase', 'chatting', 'ticket', '', 'conv', ARGV[2], 'side', 1, 'partner', ARGV[3], 'pbot', a[3], 'turn', 0)
redis.call('HINCRBY', KEYS[6], a[3], 1)
redis.call('HINCRBY', KEYS[6], b[3], 1)
return {'done', emit(KEYS[4], ARGV[3], 'matched', KEYS[1]), emit(KEYS[4], ARGV[5], 'matched', KEYS[2])}
