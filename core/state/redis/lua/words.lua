-- Instead of `untold`, keep the number of the message that told a person of the conversation, while it is the present one.
-- KEYS person   ARGV conversation, bot, number
if redis.call('HGET', KEYS[1], 'conv') == ARGV[1] and redis.call('HGET', KEYS[1], 'bot') == ARGV[2] then
  redis.call('HSET', KEYS[1], 'words', table.concat(ARGV, ' '))
end
return 1
