"""People's standings and how they change: find, leave, match, and the outbox of events.

A script changes standings and writes an event for each person concerned into the outbox, in
one step (but for `find`, whose caller tells the only one concerned). `carry` brings events to the
shards' streams and then out of the outbox; the process that ran the script does it at once, the
leading coordinator does it for what was left lying. Both may do it: the stream knows an event by
its outbox id.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from core.domain import envelope as envelopes
from core.domain.conversation import Change, ChatEvent, Phase, Standing
from core.domain.envelope import Envelope, Happening, Lane
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, ConversationId, Epoch, MessageId, PersonId, TicketId, UpdateId
from core.domain.ticket import Pairing, Ticket
from core.service.failpoints import passing
from core.state.redis.client import Argument, Call, RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import FENCE, FIND, LEAVE, MATCH, MOVE, WORDS
from core.state.redis.streams import Append, Note, Source, Streams

_FIELDS = (b"seq", b"phase", b"bot", b"ticket", b"conv", b"side", b"partner", b"pbot")
_TURN = b"turn"
SCAN_AT_ONCE = 1_000
PAIRS_A_SCRIPT = 100
"""Pairs that one script makes: a server does nothing else meanwhile, which is to be a few milliseconds."""

_OUTBOX = Source("match", Epoch(0))


class Outcome(NamedTuple):
    """What a script did: `changed`, or `repeated` (a known update); the standing after it; its events."""

    changed: bool
    repeated: bool
    standing: Standing
    events: tuple[ChatEvent, ...]


class Asker(NamedTuple):
    """Who asks for a change: a person, by an update of a shard that holds its lease.

    A repeated update changes nothing. `update` 0 means the shard itself, which may repeat itself.
    """

    person: PersonId
    bot: BotId
    epoch: Epoch
    update: UpdateId


class Move(NamedTuple):
    """A person to be served by the bot `to` (0 = by none) instead of `source`, which is gone.

    `partner` is whom the person is believed to talk with.
    """

    person: PersonId
    partner: PersonId
    source: BotId
    to: BotId


class Matched(NamedTuple):
    """The answer to a pairing: its events, or which of the two no longer waits."""

    events: tuple[ChatEvent, ...]
    a_waits: bool
    b_waits: bool


class Uncarried(NamedTuple):
    """What lies in the outbox; `unreadable` more are of a newer version and stay for one of its kind."""

    events: list[ChatEvent]
    unreadable: int


class Conversations:
    """The scripts of `{match}`, typed."""

    def __init__(self, client: RedisClient, keys: Keys, streams: Streams) -> None:
        self._client = client
        self._keys = keys
        self._streams = streams

    async def standings(self, people: Sequence[PersonId]) -> list[Standing]:
        """Where these people stand, in one round trip."""
        replies = await self._client.pipeline([("HGETALL", self._keys.person(p)) for p in people])
        return [_read(dict(zip(reply[::2], reply[1::2], strict=True))) for reply in replies]

    def told(self, person: PersonId, bot: BotId, conversation: ConversationId, words: MessageId) -> Note:
        """A note of the message that told the person of it; what they wrote before is not meant for it."""
        return WORDS, (self._keys.person(person),), (conversation, bot, words)

    async def find(self, asker: Asker, *, safe: bool = True) -> Outcome:
        """Give an idle person a ticket; the caller tells them. Raises StaleEpoch, RedisAway."""
        keys = (self._keys.person(asker.person), self._keys.tickets, self._keys.match_fences)
        args = (asker.bot, asker.epoch, asker.update, asker.person)
        reply = await self._client.run(FIND, keys, args, safe=safe)
        if isinstance(reply, bytes):
            return Outcome(True, False, _standing(reply.split(b" ")), ())
        return _outcome(reply, asker)

    async def leave(
        self,
        asker: Asker,
        partner: PersonId,
        *,
        search: bool = False,
        partner_told: Change = Change.PARTNER_LEFT,
        self_told: Change = Change.YOU_LEFT,
        safe: bool = True,
    ) -> Outcome:
        """End a conversation or cancel a search; with `search` look for the next partner at once.

        `partner` is whom the caller believes the person talks with (0 = nobody); where that is
        wrong the script is run again with the true one.
        """
        while True:
            keys = (
                self._keys.person(asker.person),
                self._keys.person(partner or asker.person),
                self._keys.tickets,
                self._keys.outbox,
                self._keys.match_fences,
                self._keys.chatting,
            )
            args = (
                *(asker.bot, asker.epoch, asker.update, asker.person, partner),
                *("find" if search else "", partner_told, self_told),
            )
            reply = await self._client.run(LEAVE, keys, args, safe=safe)
            if reply[0] != b"retry":
                return _outcome(reply, asker)
            partner = _standing(reply[1]).partner

    async def match(self, epoch: Epoch, pairings: Sequence[Pairing]) -> list[Matched]:
        """Make conversations, fenced by the leader's epoch, in one round trip. Raises StaleEpoch."""
        parts = [pairings[at : at + PAIRS_A_SCRIPT] for at in range(0, len(pairings), PAIRS_A_SCRIPT)]
        replies = await self._client.run_many([self._match(epoch, part) for part in parts], safe=True)
        answers: list[Matched] = []
        for part, reply in zip(parts, replies, strict=True):
            if reply[0] == b"stale":
                raise StaleEpoch("coordinator", epoch)
            answers += _matched(part, reply)
        return answers

    def _match(self, epoch: Epoch, pairings: Sequence[Pairing]) -> Call:
        mine = self._keys
        keys = [mine.tickets, mine.outbox, mine.match_epoch, mine.chatting, mine.match_fences]
        args: list[Argument] = [epoch]
        for conversation, a, b in pairings:
            keys += (mine.person(a.person), mine.person(b.person))
            args += (conversation, a.person, a.id, a.bot, b.person, b.id, b.bot)
        return MATCH, keys, args

    async def move(self, epoch: Epoch, moves: Sequence[Move]) -> tuple[ChatEvent, ...]:
        """Have people served by another bot, in one round trip; their events are to be carried.

        Whoever is no longer at the bot they are moved from, or idle, stays as they are. Raises StaleEpoch.
        """
        events: list[ChatEvent] = []
        left = list(moves)
        while left:
            replies = await self._client.run_many([self._move(epoch, move) for move in left])
            again: list[Move] = []
            for move, reply in zip(left, replies, strict=True):
                if reply[0] == b"stale":
                    raise StaleEpoch("coordinator", epoch)
                if reply[0] == b"retry":
                    again.append(move._replace(partner=_standing(reply[1]).partner))
                else:
                    events += (_event(*event) for event in reply[1:])
            left = again
        return tuple(events)

    def _move(self, epoch: Epoch, move: Move) -> Call:
        keys = (
            *(self._keys.person(move.person), self._keys.person(move.partner or move.person)),
            *(self._keys.tickets, self._keys.outbox, self._keys.match_epoch, self._keys.chatting),
        )
        return MOVE, keys, (epoch, move.person, move.partner, move.source, move.to)

    async def refuse(self, bot: BotId, epoch: Epoch) -> None:
        """Nothing that an older owner of the bot asks for counts from now on. Raises StaleEpoch."""
        if await self._client.run(FENCE, (self._keys.match_fences,), (bot, epoch)) == -1:
            raise StaleEpoch(f"bot {bot}", epoch)

    async def busy_at(self, bot: BotId) -> dict[PersonId, Standing]:
        """Everybody who talks or waits at that bot. Looks at all people: for rare occasions."""
        found: dict[PersonId, Standing] = {}
        cursor: Argument = 0
        prefix = self._keys.person_prefix
        while True:
            cursor, names = await self._client.command(
                "SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", SCAN_AT_ONCE
            )
            people = [PersonId(int(name[len(prefix) :])) for name in names]
            standings = zip(people, await self.standings(people), strict=True)
            found |= {p: s for p, s in standings if s.bot == bot and s.phase is not Phase.IDLE}
            if cursor == b"0":
                return found

    async def carry(self, events: Sequence[ChatEvent], now_ms: int) -> None:
        """Bring events to the streams of the people's shards, then take them out of the outbox.

        Events that one script wrote together go together.
        """
        if not events:
            return
        # On several servers the streams may lose what was appended, and the outbox keep that it is done.
        safe = self._client.scattered
        await self._streams.append(_OUTBOX, [_append(event, now_ms) for event in events], now_ms, safe=safe)
        passing("mid_carry")
        await self._client.command("XDEL", self._keys.outbox, *{event.entry for event in events})

    async def uncarried(self, upto: str, count: int) -> Uncarried:
        """Events in the outbox up to that id, oldest first, about `count`; "+" means all."""
        reply = await self._client.command("XRANGE", self._keys.outbox, "-", upto, "COUNT", count)
        events: list[ChatEvent] = []
        unreadable = 0
        for id_, fields in reply:
            try:
                events += _events(id_, fields[1])
            except (ValueError, IndexError):
                unreadable += 1
            if len(events) >= count:
                break
        return Uncarried(events, unreadable)

    async def newest_event(self) -> str | None:
        """The id of the newest event in the outbox."""
        reply = await self._client.command("XREVRANGE", self._keys.outbox, "+", "-", "COUNT", 1)
        return reply[0][0].decode() if reply else None

    async def waiting(self, after: TicketId | None, count: int, *, block_ms: int) -> list[Ticket]:
        """Tickets after a cursor (None = from the beginning), in order of arrival; waits for new ones."""
        reply = await self._client.command(
            *("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", self._keys.tickets, after or "0")
        )
        return [_ticket(id_, fields) for id_, fields in (reply[0][1] if reply else ())]

    async def waiting_count(self) -> int:
        """How many people wait for a partner."""
        return int(await self._client.command("XLEN", self._keys.tickets))


def _read(person: Mapping[bytes, bytes]) -> Standing:
    """A standing from a person's hash: `asked` is what the bot that serves the person did last."""
    did = person.get(b"did:" + person.get(b"bot", b""), b"")
    fields = (person.get(field, b"") for field in _FIELDS)
    # Words about another conversation, or at another bot, tell nothing about this one; nor does a shard of a
    # version that notes none.
    about, bot, words = person.get(b"words", b"0 0 0").split(b" ")
    known = about in {b"-", person.get(b"conv")} and bot == person.get(b"bot")
    return _standing([*fields, did.partition(b" ")[0], person.get(_TURN, b""), words if known else b""])


def _standing(values: Sequence[bytes]) -> Standing:
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


def _ticket(id_: bytes, fields: Sequence[bytes]) -> Ticket:
    return Ticket(
        TicketId(id_.decode()), PersonId(int(fields[1])), BotId(int(fields[3])), PersonId(int(fields[5]))
    )


def _matched(pairings: Sequence[Pairing], reply: Sequence[bytes]) -> Iterator[Matched]:
    """The answers to pairings. Their events are made of what is known here: to read them costs a multiple."""
    entry, place = reply[0].decode(), 0
    new = map(int, reply[1].split())
    for (conversation, a, b), answer in zip(pairings, reply[2].decode(), strict=True):
        if answer != "4":
            yield Matched((), answer in "13", answer in "23")
            continue
        events: list[ChatEvent] = []
        for side, (one, other) in enumerate(((a, b), (b, a))):
            standing = Standing(
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
            events.append(ChatEvent(id_, one.person, one.bot, Change.MATCHED, standing))
            place += 1
        yield Matched((events[0], events[1]), False, False)


def _events(entry: bytes, lines: bytes) -> list[ChatEvent]:
    """The events of one entry of the outbox. Raises ValueError where it is of a newer version."""
    return [
        _event(entry if place == 0 else b"%b:%d" % (entry, place), line)
        for place, line in enumerate(lines.split(b"\n"))
    ]


def _event(id_: bytes, text: bytes) -> ChatEvent:
    person, change, *standing = text.split(b" ")
    known = _standing(standing)
    return ChatEvent(id_.decode(), PersonId(int(person)), known.bot, Change(change.decode()), known)


def _outcome(reply: Any, asker: Asker) -> Outcome:
    if reply[0] == b"stale":
        raise StaleEpoch(f"bot {asker.bot}", asker.epoch)
    word = reply[0]
    return Outcome(
        word == b"done", word == b"again", _standing(reply[1]), tuple(_event(*event) for event in reply[2:])
    )


def _append(event: ChatEvent, now_ms: int) -> Append:
    body = Happening(event.change, event.standing)
    envelope = Envelope(envelopes.VERSION, event.person, Lane.INTERACTIVE, now_ms, body)
    return Append(event.bot, event.id, envelopes.encode(envelope), bundle=event.entry)
