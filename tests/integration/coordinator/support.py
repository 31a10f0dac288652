"""People and shards as the coordinator meets them in Redis, and waiting for what it does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from coordinator.matchmaking.matcher import Matcher
from coordinator.matchmaking.pool import Rules
from core.domain.conversation import Change, Phase
from core.domain.envelope import Happening, decode
from core.domain.ids import BotId, Epoch, PersonId, UpdateId
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Asker, Conversations, Outcome
from core.state.redis.keys import Keys
from core.state.redis.streams import START, Inbox, Streams

LIMIT_SECONDS = 60.0
ONE, TWO = BotId(11), BotId(22)
NOBODY = PersonId(0)


async def eventually(holds: Callable[[], Awaitable[bool]], limit: float = LIMIT_SECONDS) -> None:
    """Wait until it holds. Fails after the limit."""
    async with asyncio.timeout(limit):
        while not await holds():
            await asyncio.sleep(0.01)


class FastClock(SystemClock):
    """Seconds pass twenty times as fast, so that a test need not wait for them."""

    def monotonic(self) -> float:
        return super().monotonic() * 20

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 20)


class Network:
    """What shards do for people, by the same scripts."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self.client = client
        self.keys = keys
        self.conversations = Conversations(client, keys, Streams(client, keys))
        self.updates = 0

    def asker(self, person: int, bot: BotId) -> Asker:
        self.updates += 1
        return Asker(PersonId(person), bot, Epoch(1), UpdateId(self.updates))

    async def lead(self, epoch: int) -> None:
        await self.client.command("SET", self.keys.match_epoch, epoch)

    async def find(self, *people: int, bot: BotId = ONE) -> list[Outcome]:
        return [await self.conversations.find(self.asker(person, bot)) for person in people]

    async def stop(self, person: int, bot: BotId = ONE) -> Outcome:
        return await self.conversations.leave(self.asker(person, bot), NOBODY)

    async def phases(self, *people: int) -> list[Phase]:
        standings = await self.conversations.standings([PersonId(person) for person in people])
        return [standing.phase for standing in standings]

    async def chatting(self, *people: int) -> bool:
        return set(await self.phases(*people)) == {Phase.CHATTING}

    async def partner(self, person: int) -> PersonId:
        return (await self.conversations.standings([PersonId(person)]))[0].partner

    async def told(self, bot: BotId) -> list[tuple[PersonId, Change]]:
        """What the shard of that bot has to tell."""
        inbox = Inbox(self.client, self.keys, bot)
        if (await inbox.look()).waiting == 0:
            return []
        envelopes = [decode(entry.payload) for entry in await inbox.read(START, 10_000, block_ms=1)]
        return [(e.to, e.body.change) for e in envelopes if isinstance(e.body, Happening)]

    @asynccontextmanager
    async def matching(
        self, epoch: int = 1, rules: Rules | None = None, clock: SystemClock | None = None
    ) -> AsyncIterator[Matcher]:
        """A leader's matcher at work."""
        await self.lead(epoch)
        clock = clock or SystemClock()
        matcher = Matcher(self.conversations, Epoch(epoch), rules or Rules(), clock, Outages(clock))
        async with working(matcher.run()):
            yield matcher


@asynccontextmanager
async def working(*parts: Any) -> AsyncIterator[None]:
    """Parts that run for ever, for as long as the block; their errors are the block's."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in parts]
        yield
        for task in tasks:
            task.cancel()
