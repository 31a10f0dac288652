"""From Redis to Telegram: inbox → lane of the chat → budget → sender → acknowledge.

Order: one lane a chat, one call in flight a chat, the next only when the one before is
acknowledged in Redis. Fairness: lanes take turns, and none holds more than a minute of its chat.
Memory: the inbox reads no more than its window; the rest waits in Redis.

The parts of an album are entries of their own, safe one by one; the lane puts them together
again, waits a moment for what is missing, and they go as one call. Replies, edits, reactions and
taking back find their message by the message map, whose records are written with the
acknowledgement. Files take the cheapest way that works (media); an upload takes a slot of the
budget only for its end.

When it dies: what is not acknowledged is read again from the stream.
"""
