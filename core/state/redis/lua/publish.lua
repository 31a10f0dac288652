-- The leader replaces the directory.
-- KEYS directory, leader's epoch, fences   ARGV epoch, directory
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return refuse(KEYS[3]) end
redis.call('SET', KEYS[1], ARGV[2])
return 1
