"""A chat with more in the stream than its lane holds: it holds up nobody, and everything comes, in order."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from core.domain import envelope as envelopes
from core.domain.content import Text
from core.domain.conversation import Change, Phase, Standing
from core.domain.envelope import Cast, Envelope, Happening, Lane, Notice, Relay
from core.domain.ids import BotId, BroadcastId, ConversationId, EntryId, Epoch, MessageId, PersonId
from core.service.bell import Bell
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.poison import PoisonBox, PoisonCipher
from core.state.redis.streams import START, Append, Inbox, Source, Streams
from shard.outbound import inbox as reading
from shard.outbound.acknowledger import Acknowledger
from shard.outbound.bounce import Bouncer
from shard.outbound.inbox import InboxReader
from shard.outbound.lanes import Item, Lanes
from shard.outbound.overflow import CHAT_MOST
from shard.standings import Standings
from tests.harness.waiting import until

BOT, THERE = BotId(11), BotId(22)
ANNA, BEN, WRITER = PersonId(1), PersonId(2), PersonId(9)
OURS = ConversationId(7)
HELD = 1e6
"""Seconds for which Telegram holds a chat: longer than any test."""


class Shard:
    """The reader of one shard, and the lanes that it fills; who sends from them is the test."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self.clock = clock = SystemClock()
        self.streams = Streams(client, keys)
        self.inbox = Inbox(client, keys, BOT)
        self.lease = Lease.of_shard(client, clock, keys, BOT, "one")
        self.lanes = Lanes()
        self.standings = Standings(Conversations(client, keys, self.streams), clock, BOT)
        outages = Outages(clock)
        self.acknowledger = Acknowledger(self.inbox, self.lease, outages, deque())
        self.reader = InboxReader(
            *(self.inbox, PoisonBox(client, keys, BOT, PoisonCipher("secret")), self.lease, self.lanes),
            *(self.standings, Bouncer(BOT, self.lease, self.streams, clock), self.acknowledger),
            *(clock, Bell(), outages),
            lately=(),
        )
        self.numbers = iter(range(1, 1_000_000))
        self.gone: list[Envelope] = []

    async def put(self, said: Iterable[Envelope]) -> None:
        """Into the stream, as another shard would."""
        appends = [Append(BOT, str(next(self.numbers)), envelopes.encode(one)) for one in said]
        for at in range(0, len(appends), 500):
            await self.streams.append(Source("22", Epoch(1)), appends[at : at + 500], 0)

    async def send(self, most: int = 1_000_000) -> None:
        """All that may go now, however often a chat was written to."""
        for _ in range(most):
            item = self.lanes.take(self.clock.monotonic() + HELD / 2)
            if item is None:
                return
            self.gone.append(item.envelope)
            self.lanes.done(item, self.clock.monotonic(), sent=True)
            await self.acknowledger.done(item.id)

    def hold(self) -> Item:
        """The chat that is first is held by Telegram from now on."""
        item = self.lanes.take(self.clock.monotonic())
        assert item is not None
        self.lanes.again(item, self.clock.monotonic(), 2 * HELD)
        return item

    async def left(self, bot: BotId = BOT) -> list[EntryId]:
        """What is in the stream."""
        return [entry.id for entry in await self.inbox.read(START, 10_000, block_ms=1)]

    async def empty(self) -> bool:
        await self.send()
        return not await self.left()


@pytest.fixture
async def shard(client: RedisClient, keys: Keys) -> AsyncIterator[Shard]:
    shard = Shard(client, keys)

    async def first(_: Epoch) -> Epoch:
        return Epoch(1)

    await shard.lease.take(first)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(part.run()) for part in (shard.lease, shard.acknowledger)]
        yield shard
        for task in running:
            task.cancel()


@asynccontextmanager
async def read(shard: Shard) -> AsyncIterator[None]:
    """While the reader runs; its errors are the test's."""
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(shard.reader.run())
        yield
        reader.cancel()


def relay(number: int, to: PersonId = ANNA, conversation: ConversationId = OURS) -> Envelope:
    body = Relay(conversation, 0, WRITER, THERE, MessageId(number), Text(str(number)))
    return Envelope(envelopes.VERSION, to, Lane.RELAYED, 0, body)


def notice(key: str, to: PersonId = ANNA) -> Envelope:
    return Envelope(envelopes.VERSION, to, Lane.INTERACTIVE, 0, Notice(key))


def cast(to: PersonId) -> Envelope:
    return Envelope(envelopes.VERSION, to, Lane.BROADCAST, 0, Cast(BroadcastId(3), THERE, Text("news")))


def news(change: Change, seq: int, conversation: ConversationId = OURS, to: PersonId = ANNA) -> Envelope:
    phase = Phase.CHATTING if change is Change.MATCHED else Phase.IDLE
    standing = Standing(seq=seq, phase=phase, bot=BOT, conversation=conversation, partner=WRITER)
    return Envelope(envelopes.VERSION, to, Lane.INTERACTIVE, 0, Happening(change, standing))


def bodies(said: Iterable[Envelope], to: PersonId = ANNA) -> list[object]:
    return [one.body for one in said if one.to == to]


async def test_a_chat_that_is_held_for_long_holds_up_nobody(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WINDOW", 200)
    await shard.put([relay(1)])
    async with read(shard):
        await until(lambda: shard.lanes.size == 1, 10, "the first to be read")
        shard.hold()
        await shard.put([*map(relay, range(2, 600)), notice("help", BEN), cast(ANNA), cast(BEN)])
        await until(lambda: shard.lanes.size == CHAT_MOST + 3, 10, "what comes after it to be read")
        await shard.send()
    assert [type(body) for body in bodies(shard.gone, BEN)] == [Notice, Cast]
    assert not bodies(shard.gone)
    assert len(await shard.left()) == 600, "it waits in the stream"


async def test_all_of_it_comes_in_order_when_the_chat_is_free(shard: Shard) -> None:
    said = [notice(str(n)) if n % 7 == 0 else relay(n) for n in range(1_000)]
    await shard.put(said)
    async with read(shard):
        await until(shard.empty, 30, "everything to go")
    assert shard.gone == said


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_comes_for_whom_every_chat_gets_all_of_its_own_in_order(
    shard: Shard, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some write much, some little; a lane and a page hold few, so that all edges are met."""
    chance = random.Random(seed)
    monkeypatch.setattr("shard.outbound.overflow.CHAT_MOST", chance.randint(1, 9))
    monkeypatch.setattr(reading, "READ_AT_ONCE", chance.randint(2, 20))
    monkeypatch.setattr(reading, "WINDOW", chance.randint(10, 40))
    monkeypatch.setattr(reading, "FETCH_AGAIN_MS", 1)
    people = [PersonId(n) for n in range(1, 8)]
    whose = chance.choices(people, [40, 20, 10, 5, 3, 2, 1], k=600)
    said = [relay(n, to) for n, to in enumerate(whose)]
    async with read(shard):
        # Sent slower than it comes, so that the window is full, then faster.
        for at in range(0, 600, 20):
            await shard.put(said[at : at + 20])
            for _ in range(chance.randint(1, 6)):
                await shard.send(chance.randint(0, 5))
                await asyncio.sleep(0.001)
        await until(shard.empty, 30, "everything to go")
    assert len(shard.gone) == len(said)
    for person in people:
        assert bodies(shard.gone, person) == bodies(said, person)


@pytest.mark.parametrize("waiting", [300, CHAT_MOST + 10])
async def test_who_leaves_is_told_at_once_and_once_whatever_waits_for_them(
    shard: Shard, waiting: int
) -> None:
    await shard.put([news(Change.MATCHED, 1), *map(relay, range(waiting - 1))])
    async with read(shard):
        await until(lambda: shard.lanes.size == CHAT_MOST, 10, "the lane to be full")
        left = news(Change.YOU_LEFT, 2)
        await shard.put([left])
        # All that the partner wrote is void; what stayed in the stream comes behind the news.
        behind = min(waiting - CHAT_MOST, CHAT_MOST - 2)
        await until(lambda: shard.lanes.size == 2 + behind, 10, "the rest to be fetched")
        await shard.send(2)
        assert shard.gone[-1] == left
        # What comes now is not of their conversation: the sender asks, and turns it back.
        assert not shard.lanes.closes(ANNA, OURS)
        await until(shard.empty, 30, "the rest to go")
    assert shard.gone.count(left) == 1


async def test_what_the_partner_wrote_before_they_left_is_still_shown(shard: Shard) -> None:
    before = [news(Change.MATCHED, 1), *map(relay, range(200))]
    over = news(Change.PARTNER_LEFT, 2)
    await shard.put([*before, over, notice("help")])
    async with read(shard):
        await until(lambda: shard.lanes.closes(ANNA, OURS), 10, "it to be known")
        while over not in shard.gone:
            assert shard.lanes.closes(ANNA, OURS), "so what is before it is of their conversation"
            await shard.send()
            shard.lanes.forget_idle(shard.clock.monotonic() + HELD)
            await asyncio.sleep(0.001)
        await until(shard.empty, 30, "the rest to go")
    assert shard.gone == [*before, over, notice("help")]
    assert not shard.lanes.closes(ANNA, OURS)


async def test_news_that_are_out_of_date_by_then_keep_nothing_open(shard: Shard) -> None:
    """The person has looked for the next partner already: nothing of the last one is to be shown any more."""
    await shard.put([news(Change.MATCHED, 1), *map(relay, range(200)), news(Change.PARTNER_LEFT, 2)])
    async with read(shard):
        await until(lambda: shard.lanes.closes(ANNA, OURS), 10, "it to be known")
        searching = Standing(seq=3, phase=Phase.WAITING, bot=BOT, conversation=OURS)
        assert shard.standings.learn(ANNA, searching)
        await until(shard.empty, 30, "everything to go")
    assert not shard.lanes.closes(ANNA, OURS)
    assert [type(body) for body in bodies(shard.gone)].count(Happening) == 1


async def test_who_leaves_the_next_conversation_is_shown_nothing_of_the_one_before(shard: Shard) -> None:
    next_one = ConversationId(8)
    await shard.put([news(Change.MATCHED, 1), *map(relay, range(200)), news(Change.PARTNER_LEFT, 2)])
    await shard.put([news(Change.MATCHED, 3, next_one)])
    async with read(shard):
        await until(lambda: shard.lanes.closes(ANNA, OURS), 10, "it to be known")
        await shard.put([news(Change.YOU_LEFT, 4, next_one)])
        await until(lambda: not shard.lanes.closes(ANNA, OURS), 10, "it to be read")
        await until(shard.empty, 30, "everything to go")
    assert [body.change for body in bodies(shard.gone) if isinstance(body, Happening)] == [
        Change.MATCHED,
        Change.YOU_LEFT,
    ]


async def test_what_is_fetched_before_it_was_read_comes_once(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shard.outbound.overflow.CHAT_MOST", 4)
    said = [relay(n) for n in range(8)]
    await shard.put(said[:5])
    await shard.reader._read_on()
    await shard.put(said[5:])
    await shard.send()
    await shard.reader._fetch()
    await shard.reader._read_on()
    await shard.send(2)
    await shard.reader._fetch()
    async with read(shard):
        await until(shard.empty, 30, "everything to go")
    assert shard.gone == said
