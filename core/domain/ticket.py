"""Tickets: who waits for a partner, and which two of them become a conversation."""

from typing import NamedTuple

import msgspec

from core.domain.ids import BotId, ConversationId, PersonId, TicketId


class Ticket(msgspec.Struct, frozen=True, gc=False):
    """One person who waits. `last` is the partner before (0 = none), `id` begins with the time in ms.

    Out of the garbage collector's sight, which would look through 100,000 of them again and again.
    """

    id: TicketId
    person: PersonId
    bot: BotId
    last: PersonId


class Pairing(NamedTuple):
    """Two tickets to be made a conversation of that id."""

    conversation: ConversationId
    a: Ticket
    b: Ticket
