-- What a bot did in vault channels lately; with a name one more is begun, in the channel with the fewest.
-- KEYS a channel's uses each   ARGV most in a window, window (ms), how long one may be under way (ms), name or ''
-- Returns {number of the channel in which it is begun, 0 = in none, uses of each channel ...}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local least, reply = tonumber(ARGV[1]), {0}
for at, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ARGV[2])
  reply[at + 1] = redis.call('ZCARD', key)
  if reply[at + 1] < least then
    least, reply[1] = reply[at + 1], at
  end
end
if ARGV[4] ~= '' and reply[1] > 0 then
  -- Under way it stands in the future: its window begins when Telegram has answered.
  redis.call('ZADD', KEYS[reply[1]], now + ARGV[3], ARGV[4])
  redis.call('PEXPIRE', KEYS[reply[1]], ARGV[3] + ARGV[2])
end
return reply
