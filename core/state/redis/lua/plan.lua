-- Where people of a bot that is gone are served from now on (0: nowhere). What was planned once stays.
-- KEYS moved, epoch   ARGV epoch, keep ms, then person, bot ...
-- Returns a bot for each person, or -1 when the lease is another's.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
local out = {}
for i = 3, #ARGV, 2 do
  redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
  out[#out + 1] = redis.call('HGET', KEYS[1], ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return out
