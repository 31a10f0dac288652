-- Whatever an older owner of a bot asks for from now on is refused.
-- KEYS fences   ARGV bot, epoch
return fence(KEYS[1], ARGV[1], tonumber(ARGV[2])) and 1 or -1
