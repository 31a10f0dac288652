"""Identifiers, each a type of its own so that mypy keeps them apart."""

from typing import NewType

PersonId = NewType("PersonId", int)
"""A person's Telegram user id; in a private chat it is the chat id too."""

BotId = NewType("BotId", int)
"""A bot's Telegram user id: the number before the colon of its token, and the name of its shard."""

ConversationId = NewType("ConversationId", int)
"""The leading coordinator's epoch and a counter of its own: never given twice, even after Redis lost all."""

MessageId = NewType("MessageId", int)
"""A message's number within one chat of one bot."""

UpdateId = NewType("UpdateId", int)
"""Telegram's number of an update, rising by one for a bot."""

TicketId = NewType("TicketId", str)
"""A person's request for a partner: the id of its entry in the stream of those who wait.

A new request has a new ticket, so an old one cannot be matched."""

BroadcastId = NewType("BroadcastId", int)
"""A broadcast's number, handed out by PostgreSQL; 0 is none: what an admin is shown before."""

Epoch = NewType("Epoch", int)
"""A lease's number, handed out by PostgreSQL, only ever rising. The highest one owns."""

EntryId = NewType("EntryId", str)
"""Redis' id of a stream entry, `milliseconds-number`."""


def order(entry: EntryId | TicketId) -> tuple[int, int]:
    """What ids of stream entries are ordered by: the time in milliseconds and a number within it."""
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number or 0)
