"""Tickets: who waits for a partner, and which two of them become a conversation."""

from typing import NamedTuple

from core.domain.ids import BotId, ConversationId, PersonId, TicketId


class Ticket(NamedTuple):
    """One person who waits. `last` is the partner before (0 = none), `id` begins with the time in ms."""

    id: TicketId
    person: PersonId
    bot: BotId
    last: PersonId


class Pairing(NamedTuple):
    """Two tickets to be made a conversation of that id."""

    conversation: ConversationId
    a: Ticket
    b: Ticket
