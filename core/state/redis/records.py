"""What the scripts of `{match}` keep and answer, as records: standings, tickets, events of the outbox.

An older version may have written them: what it did not know yet has a value that says so.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from core.domain.conversation import Change, ChatEvent, Phase, Standing
from core.domain.ids import BotId, ConversationId, MessageId, PersonId, TicketId, UpdateId
from core.domain.ticket import Pairing, Ticket

_FIELDS = (b"seq", b"phase", b"bot", b"ticket", b"conv", b"side", b"partner", b"pbot")
_TURN = b"turn"


class Matched(NamedTuple):
    """The answer to a pairing: its events, or which of the two no longer waits."""

    events: tuple[ChatEvent, ...]
    a_waits: bool
    b_waits: bool


def read(person: Mapping[bytes, bytes]) -> Standing:
    """A standing from a person's hash: `asked` is what the bot that serves the person did last."""
    did = person.get(b"did:" + person.get(b"bot", b""), b"")
    fields = (person.get(field, b"") for field in _FIELDS)
    # Words about another conversation, or at another bot, tell nothing about this one; nor does a shard of a
    # version that notes none.
    about, bot, words = person.get(b"words", b"0 0 0").split(b" ")
    known = about in {b"-", person.get(b"conv")} and bot == person.get(b"bot")
    return standing([*fields, did.partition(b" ")[0], person.get(_TURN, b""), words if known else b""])


def standing(values: Sequence[bytes]) -> Standing:
    """A standing as the scripts answer it, value by value."""
    # An event that an older version wrote has no `asked` or no `turn`; none has `words`.
    # While nobody waits, the ticket may still be there.
    seq, phase, bot, ticket, conversation, side, partner, partner_bot, *later = values
    asked, turn, words = (*later, b"", b"", b"")[:3]
    return Standing(
        seq=int(seq or 0),
        phase=Phase((phase or b"idle").decode()),
        bot=_bot(bot),
        ticket=TicketId(ticket.decode() if phase == b"waiting" else ""),
        conversation=ConversationId(int(conversation or 0)),
        side=int(side or 0),
        partner=PersonId(int(partner or 0)),
        partner_bot=_bot(partner_bot),
        asked=UpdateId(int(asked or 0)),
        turn=int(turn or 0),
        words=MessageId(int(words or 0)),
    )


@functools.lru_cache(256)
def _bot(value: bytes) -> BotId:
    """The same few bots in thousands of standings: each number is one object."""
    return BotId(int(value or 0))


def ticket(id_: bytes, fields: Sequence[bytes]) -> Ticket:
    """An entry of the tickets' stream."""
    return Ticket(
        TicketId(id_.decode()), PersonId(int(fields[1])), BotId(int(fields[3])), PersonId(int(fields[5]))
    )


def matched(pairings: Sequence[Pairing], reply: Sequence[bytes]) -> Iterator[Matched]:
    """The answers to pairings. Their events are made of what is known here: to read them costs a multiple."""
    entry, place = reply[0].decode(), 0
    new = map(int, reply[1].split())
    for (conversation, a, b), answer in zip(pairings, reply[2].decode(), strict=True):
        if answer != "4":
            yield Matched((), answer in "13", answer in "23")
            continue
        told: list[ChatEvent] = []
        for side, (one, other) in enumerate(((a, b), (b, a))):
            now = Standing(
                seq=next(new),
                phase=Phase.CHATTING,
                bot=one.bot,
                conversation=conversation,
                side=side,
                partner=other.person,
                partner_bot=other.bot,
                asked=UpdateId(next(new)),
            )
            id_ = f"{entry}:{place}" if place else entry
            told.append(ChatEvent(id_, one.person, one.bot, Change.MATCHED, now))
            place += 1
        yield Matched((told[0], told[1]), False, False)


def events(entry: bytes, lines: bytes) -> list[ChatEvent]:
    """The events of one entry of the outbox. Raises ValueError where it is of a newer version."""
    return [
        event(entry if place == 0 else b"%b:%d" % (entry, place), line)
        for place, line in enumerate(lines.split(b"\n"))
    ]


def event(id_: bytes, text: bytes) -> ChatEvent:
    """One line of an entry of the outbox, known by that id. Raises ValueError."""
    person, change, *values = text.split(b" ")
    known = standing(values)
    return ChatEvent(id_.decode(), PersonId(int(person)), known.bot, Change(change.decode()), known)
