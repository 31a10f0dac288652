-- Who holds the lease shuts the inbox ('moving', then 'moved' when the plan says for everybody where), or opens it:
-- 'open' for a moment, '' for good, with another plan the next time.
-- KEYS fences, moved, epoch   ARGV epoch, state
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return refuse(KEYS[1]) end
if ARGV[2] == '' then redis.call('DEL', KEYS[2]) end
if ARGV[2] == '' or ARGV[2] == 'open' then
  redis.call('HDEL', KEYS[1], 'closed')
else
  redis.call('HSET', KEYS[1], 'closed', ARGV[2])
end
return 1
