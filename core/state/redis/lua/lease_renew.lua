-- Renew a lease that is still the newest; an expired one that nobody took is taken up again.
-- KEYS lease, epoch, fences   ARGV holder, epoch, ttl ms
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return refuse(KEYS[3]) end
local value = ARGV[2] .. ' ' .. ARGV[1]
-- A server without free memory still allows this, so that what waits in it can go out.
if redis.call('GET', KEYS[1]) == value then return redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
return 1
