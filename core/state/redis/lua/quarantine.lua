-- Move an entry that cannot be delivered out of the way, keeping it (sealed by the caller) to be looked at.
-- KEYS inbox, poison, epoch, fences   ARGV epoch, id, keep, keep ms, then field, value ...
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return refuse(KEYS[4]) end
if redis.call('XDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
return aside(KEYS[2], ARGV, 3)
