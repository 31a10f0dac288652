"""One bot with two people who have agreed, and shards of it as handlers meet them."""

from typing import Any

from aiogram.types import Message

from core.domain import envelope as envelopes
from core.domain.conversation import Phase
from core.domain.envelope import Notice
from core.domain.fleet import Directory, DirectoryEntry
from core.domain.ids import BotId, ConversationId, Epoch, PersonId, UpdateId
from core.domain.seal import Seal
from core.domain.ticket import Pairing
from core.service.clock import SystemClock
from core.state.moderation import Moderation
from core.state.people import People
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.postgres.reports import Reports
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.people_cache import PeopleCache
from core.state.redis.streams import START, Entry, Inbox, Streams
from shard.inbound.admission import Admission
from shard.inbound.desk import Counter, Desk
from shard.standings import Standings

HERE, RUDE, PARTNER = BotId(11), PersonId(1), PersonId(2)
WORDLESS = Message.model_construct()


class Stopped(SystemClock):
    """Time does not pass: what a process remembers stays good."""

    def monotonic(self) -> float:
        return 1_000.0


class House:
    """One network. `shard` is what a shard that hears of no change is made of, each time a new one."""

    def __init__(self, client: RedisClient, keys: Keys, database: Database, lease: Lease) -> None:
        self._client = client
        self._keys = keys
        self._database = database
        self._lease = lease
        self.streams = Streams(client, keys)
        self.conversations = Conversations(client, keys, self.streams)
        self.people = self.process()
        self.moderation = Moderation(
            *(self.people, Reports(database, None), self.conversations, self.streams, Stopped())
        )

    def process(self) -> People:
        return People(PeopleTable(self._database), PeopleCache(self._client, self._keys), Stopped())

    async def shard(self) -> "Shard":
        return await Shard.knowing_them(self)

    def parts(self, people: People) -> tuple[Counter, Admission]:
        fleet, seal, clock = Fleet(self._client, self._keys), Seal(HERE, "s" * 32), Stopped()
        standings = Standings(self.conversations, clock, HERE)

        async def call(*_: Any, **__: Any) -> Any:
            raise AssertionError("nobody calls Telegram here")

        counter = Counter(
            *(HERE, self._lease, self.streams, self.conversations, standings, call, clock, lambda work: None)
        )
        reach, reports = Reach(self._database), Reports(self._database, None)
        return counter, Admission(HERE, people, reach, reports, fleet, seal, clock)

    async def phases(self) -> list[Phase]:
        return [one.phase for one in await self.conversations.standings([RUDE, PARTNER])]

    async def publish(self, *bots: DirectoryEntry) -> None:
        """What a leader says of the bots."""
        await self._client.command("SET", self._keys.match_epoch, 1)
        directory = Directory(at=1, waiting=0, bots=bots)
        await Fleet(self._client, self._keys).publish(Epoch(1), directory)

    async def said(self) -> list[str]:
        """The keys of what people are told in words."""
        bodies = [envelopes.decode(entry.payload).body for entry in await self.inbox()]
        return [body.key for body in bodies if isinstance(body, Notice)]

    async def inbox(self) -> list[Entry]:
        return await Inbox(self._client, self._keys, HERE).read(START, 100)

    async def pair(self) -> None:
        """The two talk."""
        await self._client.command("SET", self._keys.match_epoch, 1)
        tickets = await self.conversations.waiting(None, 2, block_ms=1)
        [answer] = await self.conversations.match(Epoch(1), [Pairing(ConversationId(7), *tickets)])
        assert len(answer.events) == 2


class Shard:
    """A process that knew both people before they were shut out, and hears of nothing after that."""

    def __init__(self, counter: Counter, admission: Admission) -> None:
        self._counter = counter
        self.admission = admission

    @classmethod
    async def knowing_them(cls, house: House) -> "Shard":
        people = house.process()
        shard = cls(*house.parts(people))
        await people.get_many((RUDE, PARTNER))
        await shard._counter.standings.load((RUDE, PARTNER))
        return shard

    def desk(self, person: PersonId, update: int) -> Desk:
        return self._counter.desk(person, UpdateId(update))
