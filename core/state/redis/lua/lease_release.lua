-- Give a lease back, if it is still one's own.
-- KEYS lease, epoch   ARGV epoch
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
