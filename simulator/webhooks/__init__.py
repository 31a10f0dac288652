"""Carries updates to the webhooks that bots have set.

Within a chat in order, one at a time; across chats at once, up to the bot's `max_connections`. What is
not answered with 2xx is tried again, at once first, then after 2, 4, 8 … seconds up to a minute or two,
or when the bot's `Retry-After` says. An update that grew too old meanwhile is dropped. An answer may hold a
method to be called. A bot whose webhook is gone polls again: what was not delivered is still in its queue.
"""
