-- Instead of `untold`, keep the number of the message that told a person of the conversation, while it goes on:
-- for who searches again it would take the place of `untold`, though it is about the last one. What a bot told to
-- which the person is about to be moved is kept beside it.
-- KEYS person   ARGV conversation, bot, number
local v = redis.call('HMGET', KEYS[1], 'conv', 'bot', 'phase')
if v[1] == ARGV[1] and v[3] == 'chatting' then
  redis.call('HSET', KEYS[1], v[2] == ARGV[2] and 'words' or 'words:' .. ARGV[2], table.concat(ARGV, ' '))
end
return 1
