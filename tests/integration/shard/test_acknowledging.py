"""When Redis is told what is done: at once where nothing else is on its way, else together with it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from functools import partial

import pytest
import uvloop

from core.domain.broadcast import Outcome
from core.domain.ids import BotId, BroadcastId, EntryId, Epoch, PersonId
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.redis.casts import CastBook
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.streams import START, Append, Inbox, Note, Source, Streams
from shard.outbound import acknowledger as acknowledging
from shard.outbound.acknowledger import Acknowledger

BOT = BotId(11)
NEVER = 3600.0


class Desk:
    """An acknowledger that runs, over a stream of two entries."""

    def __init__(
        self, acknowledger: Acknowledger, inbox: Inbox, book: CastBook, entries: list[EntryId]
    ) -> None:
        self.acknowledger = acknowledger
        self.book = book
        self.inbox = inbox
        self.one, self.two = entries
        self.told: list[EntryId] = []

    def settle_later(self, entry: EntryId) -> None:
        """A broadcast's message has gone to somebody."""
        self.acknowledger.settle_later([self.tally(entry)], partial(self.told.append, entry))

    def tally(self, entry: EntryId) -> Note:
        return self.book.tally(Epoch(1), BroadcastId(7), entry, PersonId(5), Outcome.SENT)

    async def left(self) -> list[EntryId]:
        return [entry.id for entry in await self.inbox.read(START, 10, block_ms=1)]


@pytest.fixture
async def desk(client: RedisClient, keys: Keys) -> AsyncIterator[Desk]:
    clock, streams, inbox = SystemClock(), Streams(client, keys), Inbox(client, keys, BOT)
    lease = Lease.of_shard(client, clock, keys, BOT, "one")

    async def first(_: Epoch) -> Epoch:
        return Epoch(1)

    await lease.take(first)
    await streams.append(Source("22", Epoch(1)), [Append(BOT, "1", b"one"), Append(BOT, "2", b"two")], 0)
    entries = [entry.id for entry in await inbox.read(START, 10, block_ms=1)]
    acknowledger = Acknowledger(inbox, lease, Outages(clock), deque())
    running = asyncio.create_task(acknowledger.run())
    yield Desk(acknowledger, inbox, CastBook(client, keys, BOT), entries)
    running.cancel()


async def test_what_was_alone_on_its_way_waits_for_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledging, "GATHER_SECONDS", NEVER)
    desk.acknowledger.started((desk.one,))
    assert await desk.left() == [desk.one, desk.two], "it is on its way"
    desk.acknowledger.answered((desk.one,))
    async with asyncio.timeout(5):
        await desk.acknowledger.done(desk.one)
    assert await desk.left() == [desk.two]


async def test_what_ends_together_is_told_in_one_word(
    desk: Desk, client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledging, "GATHER_SECONDS", NEVER)
    desk.acknowledger.started((desk.one, desk.two))
    before = client.round_trips
    desk.acknowledger.answered((desk.one,))
    first = asyncio.ensure_future(desk.acknowledger.done(desk.one))
    assert await desk.left() == [desk.one, desk.two], "the other's answer may come any moment"
    desk.acknowledger.answered((desk.two,))
    async with asyncio.timeout(5):
        await asyncio.gather(first, desk.acknowledger.done(desk.two))
    assert client.round_trips == before + 2, "one to look, one to tell"
    assert await desk.left() == []


async def test_it_waits_only_a_moment_for_what_is_still_on_its_way(desk: Desk, client: RedisClient) -> None:
    desk.acknowledger.started((desk.one, desk.two))
    desk.acknowledger.answered((desk.one,))
    async with asyncio.timeout(5):
        await desk.acknowledger.done(desk.one)
    assert await desk.left() == [desk.two]
    assert await desk.inbox.reclaim() == {desk.two}, "that it is on its way was told in the same word"


async def test_what_has_time_goes_with_what_is_settled_next(
    desk: Desk, client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledging, "LATER_SECONDS", NEVER)
    # Redis knows the script by then.
    await client.run_many([desk.tally(EntryId("1-1"))])
    desk.settle_later(desk.one)
    await asyncio.sleep(0.05)
    assert (await desk.left(), desk.told) == ([desk.one, desk.two], [])
    before = client.round_trips
    async with asyncio.timeout(5):
        await desk.acknowledger.done(desk.two)
    assert client.round_trips == before + 1, "both in one word"
    assert (await desk.left(), desk.told) == ([], [desk.one])


async def test_what_has_time_does_not_wait_for_ever(desk: Desk) -> None:
    desk.settle_later(desk.one)
    async with asyncio.timeout(5):
        while desk.told != [desk.one]:
            await asyncio.sleep(0.01)
    assert await desk.left() == [desk.two]


async def test_an_announcement_waits_for_nothing_and_takes_nothing_along(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GATHER_SECONDS", "LATER_SECONDS"):
        monkeypatch.setattr(acknowledging, name, NEVER)
    desk.settle_later(desk.one)
    desk.acknowledger.started((desk.one,))
    async with asyncio.timeout(5):
        await desk.acknowledger.announce((desk.two,))
    assert (await desk.left(), desk.told) == ([desk.one, desk.two], []), "it costs Redis no write to its disk"
    assert await desk.inbox.reclaim() == {desk.one, desk.two}


async def test_a_flight_is_announced_with_what_is_settled_next(
    desk: Desk, client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledging, "GATHER_SECONDS", NEVER)
    desk.acknowledger.started((desk.one,))
    known = asyncio.Event()
    desk.acknowledger.announced((desk.two,), known.set)
    await asyncio.sleep(0.05)
    assert not known.is_set()
    desk.acknowledger.answered((desk.one, desk.two))
    before = client.round_trips
    desk.acknowledger.announced((desk.two,), known.set)
    async with asyncio.timeout(5):
        await desk.acknowledger.done(desk.one)
    assert known.is_set()
    assert client.round_trips == before + 1, "all in one word"


async def test_a_flight_is_announced_at_once_where_nothing_is_under_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledging, "GATHER_SECONDS", NEVER)
    known = asyncio.Event()
    desk.acknowledger.announced((desk.two,), known.set)
    async with asyncio.timeout(5):
        await known.wait()
    assert await desk.inbox.reclaim() == {desk.two}


def test_a_timer_that_is_due_at_once_breaks_nothing(
    keys: Keys, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop that shards run on makes no timer for less than half a millisecond, but a mere handle."""
    monkeypatch.setattr(acknowledging, "GATHER_SECONDS", 0.0001)

    async def begin() -> None:
        client, clock = RedisClient(redis_url, "fsync"), SystemClock()
        lease = Lease.of_shard(client, clock, keys, BOT, "one")
        acknowledger = Acknowledger(Inbox(client, keys, BOT), lease, Outages(clock), deque())
        acknowledger.started((EntryId("1-0"),))
        acknowledger.started((EntryId("2-0"),))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(begin())
