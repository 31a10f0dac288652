"""People's standings and how they change: find, leave, match, and the outbox of events.

A script changes standings and writes an event for each person concerned into the outbox, in
one step (but for `find`, whose caller tells the only one concerned). `carry` brings events to the
shards' streams and then out of the outbox; the process that ran the script does it at once, the
leading coordinator does it for what was left lying. Both may do it: the stream knows an event by
its outbox id.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from core.domain import envelope as envelopes
from core.domain.conversation import Change, ChatEvent, Phase, Standing
from core.domain.envelope import Envelope, Happening, Lane
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, ConversationId, Epoch, MessageId, PersonId, TicketId, UpdateId
from core.domain.ticket import Pairing, Ticket
from core.service.failpoints import passing
from core.state.redis import records
from core.state.redis.client import Argument, Call, RedisClient
from core.state.redis.keys import Keys
from core.state.redis.records import Matched
from core.state.redis.scripts import FENCE, FIND, LEAVE, MATCH, MOVE, WORDS
from core.state.redis.streams import Append, Note, Source, Streams

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
        return [records.read(dict(zip(reply[::2], reply[1::2], strict=True))) for reply in replies]

    def told(self, person: PersonId, bot: BotId, conversation: ConversationId, words: MessageId) -> Note:
        """A note of the message that told the person of it; what they wrote before is not meant for it."""
        return WORDS, (self._keys.person(person),), (conversation, bot, words)

    async def find(self, asker: Asker, *, safe: bool = True) -> Outcome:
        """Give an idle person a ticket; the caller tells them. Raises StaleEpoch, RedisAway."""
        keys = (self._keys.person(asker.person), self._keys.tickets, self._keys.match_fences)
        args = (asker.bot, asker.epoch, asker.update, asker.person)
        reply = await self._client.run(FIND, keys, args, safe=safe)
        if isinstance(reply, bytes):
            return Outcome(True, False, records.standing(reply.split(b" ")), ())
        return _outcome(reply, asker)

    async def leave(
        self,
        asker: Asker,
        partner: PersonId,
        *,
        search: bool = False,
        anywhere: bool = False,
        partner_told: Change = Change.PARTNER_LEFT,
        self_told: Change = Change.YOU_LEFT,
        safe: bool = True,
    ) -> Outcome:
        """End a conversation or cancel a search; with `search` look for the next partner at once.

        What the person is in at another bot than the asker's goes on, unless it is to end `anywhere`.
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
                *("find" if search else "", partner_told, self_told, "anywhere" if anywhere else ""),
            )
            reply = await self._client.run(LEAVE, keys, args, safe=safe)
            if reply[0] != b"retry":
                return _outcome(reply, asker)
            partner = records.standing(reply[1]).partner

    async def match(self, epoch: Epoch, pairings: Sequence[Pairing]) -> list[Matched]:
        """Make conversations, fenced by the leader's epoch, in one round trip. Raises StaleEpoch."""
        parts = [pairings[at : at + PAIRS_A_SCRIPT] for at in range(0, len(pairings), PAIRS_A_SCRIPT)]
        replies = await self._client.run_many([self._match(epoch, part) for part in parts], safe=True)
        answers: list[Matched] = []
        for part, reply in zip(parts, replies, strict=True):
            if reply[0] == b"stale":
                raise StaleEpoch("coordinator", epoch)
            answers += records.matched(part, reply)
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
                    again.append(move._replace(partner=records.standing(reply[1]).partner))
                else:
                    events += (records.event(*event) for event in reply[1:])
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
                events += records.events(id_, fields[1])
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
        return [records.ticket(id_, fields) for id_, fields in (reply[0][1] if reply else ())]

    async def waiting_count(self) -> int:
        """How many people wait for a partner."""
        return int(await self._client.command("XLEN", self._keys.tickets))


def _outcome(reply: Any, asker: Asker) -> Outcome:
    if reply[0] == b"stale":
        raise StaleEpoch(f"bot {asker.bot}", asker.epoch)
    word = reply[0]
    return Outcome(
        word == b"done",
        word == b"again",
        records.standing(reply[1]),
        tuple(records.event(*event) for event in reply[2:]),
    )


def _append(event: ChatEvent, now_ms: int) -> Append:
    body = Happening(event.change, event.standing)
    envelope = Envelope(envelopes.VERSION, event.person, Lane.INTERACTIVE, now_ms, body)
    return Append(event.bot, event.id, envelopes.encode(envelope), bundle=event.entry)
