"""One bot's process: the only one that polls, and sends with, this token.

The idea: *inbound* takes updates from Telegram and confirms them only when all that follows
from them is safe in Redis; *outbound* takes envelopes from this shard's stream in Redis and
takes them out only when Telegram said yes. The two know nothing of each other; a person who
talks with somebody on the same bot takes the same way through Redis as one on another bot.

Invariants: every call goes through the one `Budget` of the token; nothing is polled or sent
without a valid lease; a chat has at most one call in flight.

When it dies: unconfirmed updates come again from Telegram, and the streams know what was
appended; unacknowledged envelopes are read again, and those that may have reached Telegram
already are counted as possible repeats.
"""
