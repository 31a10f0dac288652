-- Take a broadcast's entry out of the inbox and count what became of it, together and so once.
-- KEYS inbox, inflight, epoch, cast, lost   ARGV epoch, entry, outcome, who cannot be reached or ''
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return -1 end
if redis.call('XDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('SREM', KEYS[2], ARGV[2])
redis.call('HINCRBY', KEYS[4], ARGV[3], 1)
if ARGV[4] ~= '' then redis.call('SADD', KEYS[5], ARGV[4]) end
return 1
