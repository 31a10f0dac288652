-- Remember the bot's own id of a file. Two generations: a full one takes the place of the older, which is forgotten.
-- KEYS newer, older   ARGV how many a generation holds, file's unique id, the bot's file id ('' forgets)
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[2])
  return redis.call('HDEL', KEYS[1], ARGV[2])
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[1]) then redis.call('RENAME', KEYS[1], KEYS[2]) end
return 1
