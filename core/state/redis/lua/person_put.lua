-- Put a person's row, unless a newer one stands here; where a channel is named, tell everybody.
-- KEYS the person's cache   ARGV version, value (begins with the version), ttl ms, channel or '', news
local known = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) ')
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
return 1
