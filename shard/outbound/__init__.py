"""From Redis to Telegram: inbox → lane of the chat → budget → sender → acknowledge.

Order: one lane a chat, one call in flight a chat, the next only when the one before is
acknowledged in Redis. Fairness: lanes take turns. Memory: the inbox reads no more than its
window; the rest waits in Redis.

When it dies: what is not acknowledged is read again from the stream.
"""
