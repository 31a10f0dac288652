-- Append envelopes to a shard's inbox, each once.
-- KEYS inbox, seen (of this source), fences   ARGV source, epoch, now ms, keep, then member, payload ...
-- Returns how many were new, or -1 when the source has a newer owner.
if not fence(KEYS[3], ARGV[1], tonumber(ARGV[2])) then return -1 end
-- Scores only rise, whatever the callers' clocks do: what is forgotten first is what was appended first.
local top = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
local score = math.max(tonumber(ARGV[3]), tonumber(top or '0') + 1)
local new = 0
for i = 5, #ARGV, 2 do
  if redis.call('ZADD', KEYS[2], 'NX', score + new, ARGV[i]) == 1 then
    redis.call('XADD', KEYS[1], '*', 'e', ARGV[i + 1])
    new = new + 1
  end
end
local keep = tonumber(ARGV[4])
if redis.call('ZCARD', KEYS[2]) > keep + 256 then redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -keep - 1) end
return new
