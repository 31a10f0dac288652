"""Somebody is shut out in the moment in which their shard, which has not heard of it, lets them search."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram.types import Message

from core.domain import envelope as envelopes
from core.domain.conversation import Change, Phase
from core.domain.envelope import Happening, Notice
from core.domain.ids import BotId, ConversationId, Epoch, PersonId, UpdateId
from core.domain.seal import Seal
from core.domain.ticket import Pairing
from core.service.clock import SystemClock
from core.state.moderation import FOR_GOOD, Moderation
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
from shard.inbound.commands import find, following
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


@pytest.fixture
async def house(redis_url: str, key_prefix: str, database_url: str) -> AsyncIterator[House]:
    async def epoch(_: Epoch) -> Epoch:
        return Epoch(1)

    keys = Keys(key_prefix)
    async with RedisClient(redis_url) as client, Database(database_url, size=2) as database:
        lease = Lease.of_shard(client, SystemClock(), keys, HERE, "test")
        await lease.take(epoch)
        house = House(client, keys, database, lease)
        for person in (RUDE, PARTNER):
            await house.people.consent(person, "en", HERE)
        yield house


async def shut_out(house: House, how: str) -> None:
    if how == "ban":
        await house.moderation.ban(RUDE, FOR_GOOD, "spam")
    else:
        assert await house.moderation.forget(RUDE)


@pytest.mark.parametrize("how", ["ban", "forget"])
async def test_a_search_that_begins_after_it_ends(house: House, how: str) -> None:
    shard = await house.shard()
    await shut_out(house, how)
    await find(WORDLESS, shard.desk(RUDE, 5), shard.admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]
    assert await house.conversations.waiting_count() == 0


@pytest.mark.parametrize("how", ["ban", "forget"])
async def test_so_does_one_that_follows_a_conversation(house: House, how: str) -> None:
    shard = await house.shard()
    for update, person in enumerate((RUDE, PARTNER), 5):
        await find(WORDLESS, shard.desk(person, update), shard.admission)
    await house.pair()
    shard = await house.shard()
    await shut_out(house, how)
    await following(WORDLESS, shard.desk(RUDE, 7), shard.admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]
    assert await house.conversations.waiting_count() == 0


@pytest.mark.parametrize("command", [find, following])
async def test_it_ends_also_when_the_shard_dies_right_after_the_search_began(
    house: House, command: Any
) -> None:
    first = await house.shard()
    await shut_out(house, "ban")
    await first.desk(RUDE, 5).find()
    assert await house.phases() == [Phase.WAITING, Phase.IDLE]
    second = await house.shard()
    await command(WORDLESS, second.desk(RUDE, 5), second.admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]


async def test_who_may_chat_goes_on_searching(house: House) -> None:
    shard = await house.shard()
    await house.moderation.ban(RUDE, FOR_GOOD, "spam")
    await house.moderation.unban(RUDE)
    await find(WORDLESS, shard.desk(RUDE, 5), shard.admission)
    assert await house.phases() == [Phase.WAITING, Phase.IDLE]


async def test_of_the_search_that_ended_nothing_is_said(house: House) -> None:
    shard = await house.shard()
    await shut_out(house, "ban")
    desk = shard.desk(RUDE, 5)
    await find(WORDLESS, desk, shard.admission)
    await desk.close()
    said = [envelopes.decode(entry.payload).body for entry in await house.inbox()]
    assert [body.key for body in said if isinstance(body, Notice)] == ["banned", "banned"]
    assert Change.SEARCHING not in [body.change for body in said if isinstance(body, Happening)]
