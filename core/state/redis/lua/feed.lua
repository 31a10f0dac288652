-- Put the next people's envelopes of a broadcast into a shard's inbox, or only look how far it has come.
-- KEYS inbox, cast, fences   ARGV epoch, cursor before, cursor after, skipped, kept seconds, credit, then payload ...
-- Nothing is put where another has moved the cursor. Returns -1 when another leads, else
-- {cursor, fed, sent, blocked, gone, refused, skipped, paid, credit} as they are now.
if not fence(KEYS[3], 'broadcast', tonumber(ARGV[1])) then return -1 end
-- A look changes nothing, and so costs no write to the disk.
local changed = ARGV[6] ~= '0'
if changed then redis.call('HINCRBY', KEYS[2], 'credit', ARGV[6]) end
if ARGV[2] ~= ARGV[3] and (redis.call('HGET', KEYS[2], 'cursor') or '0') == ARGV[2] then
  for i = 7, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end
  redis.call('HSET', KEYS[2], 'cursor', ARGV[3])
  redis.call('HINCRBY', KEYS[2], 'fed', #ARGV - 6)
  redis.call('HINCRBY', KEYS[2], 'skipped', ARGV[4])
  changed = true
end
if changed then redis.call('EXPIRE', KEYS[2], ARGV[5]) end
local fields = {'cursor', 'fed', 'sent', 'blocked', 'gone', 'refused', 'skipped', 'paid', 'credit'}
local known = redis.call('HMGET', KEYS[2], unpack(fields))
for i = 1, #known do known[i] = tonumber(known[i] or '0') end
return known
