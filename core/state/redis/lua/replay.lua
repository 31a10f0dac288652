-- What was put aside is worked through again, once.
-- KEYS poison, where to   ARGV id, content
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', 'e', ARGV[2])
return 1
