-- Put the next people's envelopes of a broadcast into a shard's inbox, or only look how far it has come.
-- KEYS inbox, cast, fences
-- ARGV epoch, cursor before, cursor after, skipped, kept seconds, credit, most, then payload ...
-- Nothing is put where another has moved the cursor, or where more than `most` would lie there then: all or none.
-- Returns -1 when another leads, else {cursor, fed, sent, blocked, gone, refused, skipped, paid, credit} as they
-- are now.
if not fence(KEYS[3], 'broadcast', tonumber(ARGV[1])) then return -1 end
local function state()
  local known = redis.call('HMGET', KEYS[2],
    'cursor', 'fed', 'sent', 'blocked', 'gone', 'refused', 'skipped', 'paid', 'credit')
  for i = 1, #known do known[i] = tonumber(known[i] or '0') end
  return known
end
-- A look changes nothing, and so costs no write to the disk.
local changed = ARGV[6] ~= '0'
if changed then redis.call('HINCRBY', KEYS[2], 'credit', ARGV[6]) end
local known = state()
local waiting = math.max(0, known[2] - known[3] - known[4] - known[5] - known[6])
local count = #ARGV - 7
local fits = count == 0 or waiting + count <= tonumber(ARGV[7])
if fits and ARGV[2] ~= ARGV[3] and known[1] == tonumber(ARGV[2]) then
  for i = 8, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end
  redis.call('HSET', KEYS[2], 'cursor', ARGV[3])
  redis.call('HINCRBY', KEYS[2], 'fed', count)
  redis.call('HINCRBY', KEYS[2], 'skipped', ARGV[4])
  known = state()
  changed = true
end
if changed then redis.call('EXPIRE', KEYS[2], ARGV[5]) end
return known
