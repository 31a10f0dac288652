"""Carries updates to the webhooks that bots have set.

A chat's messages and edits in order, one at a time; its presses and its reactions are lines of their own,
which may overtake. Across lines at once, up to the bot's `max_connections`. What is
not answered with 2xx is tried again, at once first, then after 2, 4, 8 … seconds up to a minute or two,
or when the bot's `Retry-After` says. An update that grew too old meanwhile is dropped. An answer may hold a
method to be called. A bot whose webhook is gone polls again: what was not delivered is still in its queue.
"""
