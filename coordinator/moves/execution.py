"""The move of one bot's people, once; the package tells the steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from coordinator.moves.targets import target
from core.domain import envelope as envelopes
from core.domain.conversation import Change, Standing
from core.domain.envelope import Envelope, Happening, Lane
from core.domain.errors import StoreAway, UnreadableEnvelope
from core.domain.ids import BotId, Epoch, PersonId
from core.domain.moving import settled
from core.service import metrics
from core.service.clock import Clock
from core.service.failpoints import passing
from core.state.postgres.bots import BotRow
from core.state.postgres.people import PeopleTable
from core.state.postgres.reach import Reach
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations, Move
from core.state.redis.estates import Estate
from core.state.redis.fleet import Fleet
from core.state.redis.forwarding import addressed
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.people_cache import PeopleCache
from core.state.redis.poison import PoisonBox, PoisonCipher
from core.state.redis.streams import START, Append, Entry, Source, Streams

AT_ONCE = 256
"""Entries, or people, in one go: few enough that a stream knows all of them when they come again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What a move needs. `rows` are the bots as membership knows them; `cipher` None: no secret is set."""

    client: RedisClient
    keys: Keys
    streams: Streams
    conversations: Conversations
    fleet: Fleet
    reach: Reach
    people: PeopleTable
    cache: PeopleCache
    rows: Callable[[], Sequence[BotRow] | None]
    cipher: PoisonCipher | None
    clock: Clock

    def now_ms(self) -> int:
        """The wall clock."""
        return round(self.clock.wall() * 1000)


class Execution:
    """The move of one bot's people, once."""

    def __init__(self, means: Means, leader: Epoch, bot: BotId, lease: Lease) -> None:
        """`leader` is the epoch of whoever leads, `lease` the bot's own, held by the same process."""
        self._means = means
        self._leader = leader
        self._bot = bot
        self._lease = lease
        self._estate = Estate(means.client, means.keys, bot)
        self._source = Source(f"move:{bot}", lease.epoch)
        self._homes: dict[PersonId, BotId] = {}

    async def run(self) -> None:
        """Raises StaleEpoch, StoreAway; whoever goes on begins again."""
        everyone = self._means.conversations
        await everyone.refuse(self._bot, self._lease.epoch)
        busy = await everyone.busy_at(self._bot)
        people = list(busy)
        for at in range(0, len(people), AT_ONCE):
            await self._plan({person: busy[person] for person in people[at : at + AT_ONCE]})
        while await self._empty_a_page() == AT_ONCE:
            pass
        await self._estate.shut(self._lease.epoch)
        passing("mid_move")
        try:
            while await self._empty_a_page():
                pass
        except StoreAway:
            # Partners must not wait for PostgreSQL; what comes in now is moved with the next attempt.
            await self._estate.reopen(self._lease.epoch)
            raise
        await self._estate.forward(self._lease.epoch)
        passing("mid_move")
        for at in range(0, len(people), AT_ONCE):
            await self._switch({person: busy[person] for person in people[at : at + AT_ONCE]})
        stranded = sum(not self._homes[person] for person in people)
        metrics.MOVED.inc(len(people) - stranded)
        metrics.STRANDED.inc(stranded)
        log.info(
            "people of a bot that is gone were moved",
            bot=self._bot,
            moved=len(people) - stranded,
            stranded=stranded,
        )

    async def _plan(self, people: Mapping[PersonId, Standing]) -> None:
        """Settle where these go, and say so to those who go anywhere."""
        await self._lease.renew()
        new = [person for person in people if person not in self._homes]
        self._homes |= await self._estate.planned(new)
        new = [person for person in new if person not in self._homes]
        if not new:
            return
        opened = await self._means.reach.of_many(new)
        rows, directory = self._means.rows() or (), await self._means.fleet.directory()
        homes = {person: target(person, opened.get(person, ()), rows, directory) for person in new}
        # Said before it is settled: after a death in between it is said again, and known.
        await self._append([self._hello(person, people[person], bot) for person, bot in homes.items() if bot])
        passing("mid_move")
        self._homes |= await self._estate.plan(self._lease.epoch, homes)

    async def _empty_a_page(self) -> int:
        """The oldest entries go where their people go; how many there were."""
        await self._lease.renew()
        page = await self._estate.inbox.read(START, AT_ONCE, block_ms=1)
        found = [(entry, envelope) for entry in page if (envelope := await self._open(entry)) is not None]
        people = list(dict.fromkeys(envelope.to for _, envelope in found))
        strangers = [person for person in people if person not in self._homes]
        if strangers:
            standings = await self._means.conversations.standings(strangers)
            await self._plan(dict(zip(strangers, standings, strict=True)))
        appends: list[Append] = []
        for entry, envelope in found:
            where = addressed(envelope, self._homes[envelope.to], self._means.now_ms())
            if where is not None:
                appends.append(Append(where[0], entry.id, envelopes.encode(where[1])))
        await self._append(appends)
        passing("mid_move")
        await self._estate.inbox.settle(self._lease.epoch, [entry.id for entry, _ in found], [])
        return len(page)

    async def _open(self, entry: Entry) -> Envelope | None:
        try:
            return envelopes.decode(entry.payload)
        except UnreadableEnvelope as error:
            metrics.POISON.inc()
            cipher = self._means.cipher
            if cipher is None:
                # Without the secret nothing can be kept as it must be; it was not readable anyway.
                await self._estate.inbox.settle(self._lease.epoch, [entry.id], [])
            else:
                box = PoisonBox(self._means.client, self._means.keys, self._bot, cipher)
                await box.take_out(self._lease.epoch, entry.id, entry.payload, str(error))
            return None

    async def _switch(self, people: Mapping[PersonId, Standing]) -> None:
        """Their standings, and their partners', in as many scripts; both shards hear of it."""
        await self._lease.renew()
        moves = [
            Move(person, standing.partner, self._bot, self._homes[person])
            for person, standing in people.items()
        ]
        events = await self._means.conversations.move(self._leader, moves)
        passing("mid_move")
        await self._means.conversations.carry(events, self._means.now_ms())
        await self._rehome([person for person in people if self._homes[person]])

    async def _rehome(self, people: Sequence[PersonId]) -> None:
        """Where they are at home now: a hint for whoever has something to say to everybody."""
        homes = {person: self._homes[person] for person in people}
        for row in await self._means.people.rehome(homes, self._bot):
            await self._means.cache.change(row, self._means.now_ms())

    def _hello(self, person: PersonId, standing: Standing, home: BotId) -> Append:
        """The first that a person hears at the new bot, whose shard takes them in by it."""
        body = Happening(Change.MOVED, settled(standing, home))
        envelope = Envelope(envelopes.VERSION, person, Lane.INTERACTIVE, self._means.now_ms(), body)
        return Append(home, f"hello:{person}:{standing.seq}", envelopes.encode(envelope))

    async def _append(self, appends: Sequence[Append]) -> None:
        await self._means.streams.append(self._source, appends, self._means.now_ms())
