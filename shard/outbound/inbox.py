"""Reads the shard's stream into the lanes, no more than a window of it, and of a chat a part of that.

The reader keeps a cursor from the beginning of the stream; what it read is in the lanes until
it is acknowledged, or stays in the stream until its chat has room (`overflow`). So memory is bounded by
the window, no chat takes it from all others, and a new process reads everything again.
"""

import asyncio
from collections.abc import Iterable

import structlog

from core.domain import envelope as envelopes
from core.domain.conversation import Phase
from core.domain.envelope import Amend, Envelope, Happening, React, Relay
from core.domain.errors import RedisAway, UnreadableEnvelope
from core.domain.ids import EntryId, PersonId, order
from core.service import metrics
from core.service.bell import Bell
from core.service.clock import Clock
from core.service.failpoints import passing
from core.service.outages import Outages
from core.state.redis.client import BLOCK_MS
from core.state.redis.leases import Lease
from core.state.redis.poison import PoisonBox, wordless
from core.state.redis.streams import START, Entry, Inbox
from shard.outbound.acknowledger import Acknowledger
from shard.outbound.bounce import Bouncer
from shard.outbound.lanes import PARTNER_GONE, Item, Lanes
from shard.outbound.overflow import Overflow, at_once
from shard.standings import Standings

WINDOW = 2_048
READ_AT_ONCE = 256
FETCH_AGAIN_MS = 50
"""How often is looked whether a chat that has more in the stream has room for it."""
RETRY_SECONDS = 0.2

log = structlog.get_logger(__name__)


class InboxReader:
    """From the stream into the lanes; takes note of changed standings as they come by."""

    def __init__(
        self,
        inbox: Inbox,
        poison: PoisonBox,
        lease: Lease,
        lanes: Lanes,
        standings: Standings,
        bouncer: Bouncer,
        acknowledger: Acknowledger,
        clock: Clock,
        wake: Bell,
        outages: Outages,
        lately: Iterable[EntryId],
    ) -> None:
        self._inbox = inbox
        self._poison = poison
        self._lease = lease
        self._lately = frozenset(lately)
        self._lanes = lanes
        self._standings = standings
        self._bouncer = bouncer
        self._acknowledger = acknowledger
        self._clock = clock
        self._wake = wake
        self._outages = outages
        self._cursor = START
        self._overflow = Overflow(lanes)

    async def run(self) -> None:
        """Raises StaleEpoch."""
        await self._count_repeats()
        while True:
            if self._room() <= 0 or not self._lease.valid():
                await asyncio.sleep(0.05)
                continue
            try:
                if self._overflow:
                    await self._fetch()
                await self._read_on()
            except RedisAway as error:
                self._outages.away(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._outages.back(RedisAway)

    def _room(self) -> int:
        return WINDOW - self._lanes.size

    async def _read_on(self) -> None:
        """What has come; where nothing has, it is waited for, but not while others wait to be fetched."""
        room = self._room()
        if room <= 0:
            return
        block_ms = FETCH_AGAIN_MS if self._overflow else BLOCK_MS
        entries = await self._inbox.read(self._cursor, min(room, READ_AT_ONCE), block_ms=block_ms)
        if not self._lease.valid():
            # Another server may have answered, of which we know nothing yet.
            return
        passing("after_read")
        read = [(entry, _read(entry)) for entry in entries]
        await self._standings.load(_written_to(envelope for _, envelope in read))
        for entry, envelope in read:
            stays = isinstance(envelope, Envelope) and self._overflow.stays(envelope, self._cursor)
            if not stays:
                await self._take(entry, envelope)
            self._cursor = entry.id

    async def _fetch(self) -> None:
        """What has stayed in the stream, for chats that have room again."""
        due = self._overflow.due()
        if not due:
            return
        page = await self._inbox.read(min(due.values(), key=order), READ_AT_ONCE, block_ms=1)
        if not self._lease.valid():
            return
        read = [(entry, _read(entry)) for entry in page if order(entry.id) <= order(self._cursor)]
        await self._standings.load(_written_to(envelope for _, envelope in read))
        for entry, envelope in read:
            if isinstance(envelope, UnreadableEnvelope) or envelope.to not in due or at_once(envelope):
                continue
            person = envelope.to
            if order(entry.id) <= order(due[person]):
                continue
            if not (self._overflow.has_room(person) and self._room() > 0):
                del due[person]
                continue
            await self._take(entry, envelope)
            self._overflow.reached(person, entry.id)
        for person in due:
            if len(read) < READ_AT_ONCE:
                self._overflow.over(person)
            else:
                self._overflow.reached(person, read[-1][0].id)

    async def _count_repeats(self) -> None:
        """What the process before had on its way may have been shown already, and will be again."""
        while True:
            try:
                repeats = await self._inbox.reclaim()
                break
            except RedisAway:
                await asyncio.sleep(RETRY_SECONDS)
        if repeats:
            metrics.REPEATS.inc(len(repeats))
            log.info("messages that were on their way are sent again", count=len(repeats))

    async def _take(self, entry: Entry, envelope: Envelope | UnreadableEnvelope) -> None:
        if entry.id in self._lately and not _opens(envelope):
            await self._acknowledger.done(entry.id)
            return
        if isinstance(envelope, UnreadableEnvelope):
            metrics.POISON.inc()
            log.warning("an entry is put aside", entry=entry.id, why=wordless(str(envelope)))
            await self._poison.take_out(self._lease.epoch, entry.id, entry.payload, str(envelope))
            return
        body = envelope.body
        if isinstance(body, Happening) and not self._is_to_be_told(envelope.to, body):
            await self._acknowledger.done(entry.id)
            if body.change in PARTNER_GONE:
                self._lanes.will_not_close(envelope.to, body.standing.conversation)
            return
        for void in self._lanes.push(Item(entry.id, envelope), self._clock.monotonic()):
            await self._bouncer.turn_back(void, "not_delivered_over")
            await self._acknowledger.done(void.id)
        self._wake.set()

    def _is_to_be_told(self, person: PersonId, event: Happening) -> bool:
        """False where something newer has happened to this person, or nothing that is put into words."""
        standing = event.standing
        news = self._standings.learn(person, standing)
        if not event.change.opens:
            return news and not event.change.silent
        known = self._standings.get(person)
        if not (news or (known is not None and known.goes_on(standing))):
            return False
        # Also where the process before may have shown it: nobody knows by which message. Who has answered it
        # already is asked to send that again, which is better than a word to somebody it is not for.
        if standing.phase is Phase.CHATTING:
            self._standings.opens(person, standing.conversation)
        return True


def _opens(envelope: Envelope | UnreadableEnvelope) -> bool:
    """Where Redis has forgotten the entry's end, it has forgotten too which message told: so once more."""
    return (
        not isinstance(envelope, UnreadableEnvelope)
        and isinstance(envelope.body, Happening)
        and envelope.body.change.opens
    )


def _read(entry: Entry) -> Envelope | UnreadableEnvelope:
    try:
        return envelopes.decode(entry.payload)
    except UnreadableEnvelope as error:
        return error


def _written_to(said: Iterable[Envelope | UnreadableEnvelope]) -> set[PersonId]:
    """Whose standing the sender will ask for: together it costs a fraction. Of whom news comes it hears."""
    asked: set[PersonId] = set()
    told: set[PersonId] = set()
    for envelope in said:
        if isinstance(envelope, UnreadableEnvelope):
            continue
        if isinstance(envelope.body, Happening):
            told.add(envelope.to)
        elif isinstance(envelope.body, Relay | Amend | React):
            asked.add(envelope.to)
    return asked - told
