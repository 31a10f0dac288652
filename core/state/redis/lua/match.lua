-- Pairs of people who both still wait become conversations, each pair or not, in one step.
-- KEYS tickets, outbox, leader's epoch, chatting, fences, then of each pair: person a, person b
-- ARGV epoch, then of each pair: conversation, then of each of the two: person, ticket, bot
-- A ticket is of the bot that the person is served by: whoever is moved gets another one.
-- Returns {'stale'}, or {id, new, answers}: all events are one entry of the outbox, a line each, of which the caller
-- is told only what it does not know, seq and update of each; an answer is a digit for each pair: 4 = talks, else who
-- still waits: 1 = a, 2 = b, 3 = both, 0 = nobody.
if redis.call('GET', KEYS[3]) ~= ARGV[1] then
  refuse(KEYS[5])
  return {'stale'}
end
local call = redis.call
local spent, talking, events, new, answers = {}, {}, {}, {}, {}

-- What is known of the person, or nil where this ticket does not wait any more.
local function waiter(key, ticket, bot)
  local v = call('HMGET', key, 'phase', 'ticket', 'seq', 'did:' .. bot)
  return v[1] == 'waiting' and v[2] == ticket and v or nil
end

-- The ticket stays where it is: it means something only while its person waits. The line is what `event` would
-- make of the standing, which costs several times as much.
local function talk(key, known, conversation, side, person, bot, partner, pbot)
  local seq, update = rise(known[3]), update_of(known[4]) or '0'
  call('HSET', key, 'seq', seq, 'phase', 'chatting', 'conv', conversation, 'side', side, 'partner', partner,
    'pbot', pbot, 'turn', '0')
  talking[bot] = (talking[bot] or 0) + 1
  events[#events + 1] = person .. ' matched ' .. seq .. ' chatting ' .. bot .. '  ' .. conversation .. ' ' .. side
    .. ' ' .. partner .. ' ' .. pbot .. ' ' .. update .. ' 0'
  new[#new + 1] = seq
  new[#new + 1] = update
end

for n = 1, (#KEYS - 5) / 2 do
  local key_a, key_b = KEYS[2 * n + 4], KEYS[2 * n + 5]
  local conversation, a, ticket_a, bot_a, b, ticket_b, bot_b = unpack(ARGV, 7 * n - 5, 7 * n + 1)
  local known_a, known_b = waiter(key_a, ticket_a, bot_a), waiter(key_b, ticket_b, bot_b)
  local paired = known_a and known_b and a ~= b
  -- A ticket whose person is forgotten has nobody else to take it away.
  if paired or not known_a then spent[#spent + 1] = ticket_a end
  if paired or not known_b then spent[#spent + 1] = ticket_b end
  if paired then
    talk(key_a, known_a, conversation, '0', a, bot_a, b, bot_b)
    talk(key_b, known_b, conversation, '1', b, bot_b, a, bot_a)
    answers[n] = '4'
  else
    answers[n] = (known_a and 1 or 0) + (known_b and 2 or 0)
  end
end
if #spent > 0 then call('XDEL', KEYS[1], unpack(spent)) end
for bot, more in pairs(talking) do call('HINCRBY', KEYS[4], bot, more) end
local id = #events > 0 and call('XADD', KEYS[2], '*', 'e', table.concat(events, '\n')) or ''
return {id, table.concat(new, ' '), table.concat(answers)}
