-- A use of a vault channel was answered: it counts for a window from now.
-- KEYS the channel's uses   ARGV window (ms), name
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[2])
-- Others may still be under way, and stand for longer.
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
