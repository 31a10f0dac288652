-- Take done entries out of the inbox and note those that go to Telegram now.
-- KEYS inbox, inflight, epoch, fences   ARGV epoch, how many done, done ids ..., started ids ...
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return refuse(KEYS[4]) end
local done = tonumber(ARGV[2])
-- So many entries at a time as a command may have arguments.
local function each(command, key, first, last)
  for at = first, last, 1000 do redis.call(command, key, unpack(ARGV, at, math.min(at + 999, last))) end
end
each('XDEL', KEYS[1], 3, 2 + done)
each('SREM', KEYS[2], 3, 2 + done)
-- What is on its way matters only as long as this server lives, and goes to no disk: a shard that dies leaves it
-- here, and a shard outlives the server. So it costs no write to the disk of its own.
redis.set_repl(redis.REPL_NONE)
each('SADD', KEYS[2], 3 + done, #ARGV)
return done
