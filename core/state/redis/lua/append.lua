-- Append envelopes to a shard's inbox, each once.
-- KEYS inbox, seen (of this source), fences
-- ARGV source, epoch, now ms, keep, limit (0 = none), flags, then member, payload ...
-- A flag is a letter for each envelope: 'r' is refused while the inbox holds `limit` entries or more.
-- An envelope without a member goes where the one before it went, as they always come together.
-- Returns how many were new, or {how many were new, place of a refused one from 0 ...};
-- -1 when the source has a newer owner, -2 when the inbox is closed because its bot is gone.
if not fence(KEYS[3], ARGV[1], tonumber(ARGV[2])) then return -1 end
if redis.call('HEXISTS', KEYS[3], 'closed') == 1 then return -2 end
local limit = tonumber(ARGV[5])
local full = limit > 0 and redis.call('XLEN', KEYS[1]) >= limit
-- Scores only rise, whatever the callers' clocks do: what is forgotten first is what was appended first.
local top = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
local score = math.max(tonumber(ARGV[3]), tonumber(top or '0') + 1)
-- All are remembered together, which costs much less than one by one: each by the score of its place. What is
-- refused is not, so that it may come again.
local notes, refusable = {}, 0
for i = 7, #ARGV, 2 do
  local place = (i - 7) / 2
  if full and string.sub(ARGV[6], place + 1, place + 1) == 'r' then
    refusable = refusable + 1
  elseif ARGV[i] ~= '' then
    notes[#notes + 1] = score + place
    notes[#notes + 1] = ARGV[i]
  end
end
local noted = 0
for at = 1, #notes, 1000 do
  noted = noted + redis.call('ZADD', KEYS[2], 'NX', unpack(notes, at, math.min(at + 999, #notes)))
end
local all = refusable == 0 and 2 * noted == #notes
local new, went, refused = 0, all, {}
for i = 7, #ARGV, 2 do
  if not all and ARGV[i] ~= '' then
    -- One that was appended before, by another call or in this one, has an older score.
    local place = (i - 7) / 2
    local known = redis.call('ZSCORE', KEYS[2], ARGV[i])
    went = tonumber(known or '0') == score + place
    if not known then refused[#refused + 1] = place end
  end
  if went then
    redis.call('XADD', KEYS[1], '*', 'e', ARGV[i + 1])
    new = new + 1
  end
end
local keep = tonumber(ARGV[4])
if redis.call('ZCARD', KEYS[2]) > keep + 256 then redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -keep - 1) end
-- What is known may not be safe yet, and who waits for that waits for the last write of their own connection.
if new == 0 then redis.call('HSET', KEYS[3], ARGV[1], ARGV[2]) end
if #refused == 0 then return new end
return {new, unpack(refused)}
