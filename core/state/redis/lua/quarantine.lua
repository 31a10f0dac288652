-- Move an entry that cannot be delivered out of the way, keeping it to be looked at.
-- KEYS inbox, poison, epoch, fences   ARGV epoch, id, reason, keep
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return refuse(KEYS[4]) end
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
if not entry then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'why', ARGV[3], 'id', ARGV[2], unpack(entry[2]))
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
