-- Take done entries out of the inbox and note those that go to Telegram now.
-- KEYS inbox, inflight, epoch, fences   ARGV epoch, how many done, done ids ..., started ids ...
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return refuse(KEYS[4]) end
local done = tonumber(ARGV[2])
for i = 3, 2 + done do
  redis.call('XDEL', KEYS[1], ARGV[i])
  redis.call('SREM', KEYS[2], ARGV[i])
end
-- What is on its way matters only as long as this server lives, and goes to no disk: a shard that dies leaves it
-- here, and a shard outlives the server. So it costs no write to the disk of its own.
redis.set_repl(redis.REPL_NONE)
for i = 3 + done, #ARGV do redis.call('SADD', KEYS[2], ARGV[i]) end
return done
