-- Renew a lease that is still the newest; an expired one that nobody took is taken up again.
-- KEYS lease, epoch, fences   ARGV holder, epoch, ttl ms
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return refuse(KEYS[3]) end
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[1], 'PX', ARGV[3])
return 1
