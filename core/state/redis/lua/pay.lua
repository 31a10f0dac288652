-- Take paid messages of a broadcast out of what the leader has granted, before they are sent.
-- KEYS cast, epoch   ARGV epoch, how many at most
-- Returns how many there were; none for a process that lost its lease.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local taken = math.min(tonumber(redis.call('HGET', KEYS[1], 'credit') or '0'), tonumber(ARGV[2]))
if taken <= 0 then return 0 end
redis.call('HINCRBY', KEYS[1], 'credit', -taken)
redis.call('HINCRBY', KEYS[1], 'paid', taken)
return taken
