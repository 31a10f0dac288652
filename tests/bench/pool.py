"""One pool of `bench match`: a process with the real matcher, and Redis and shards of its own.

Asked nothing, it says how fast arrivals are paired and what one costs; asked `rate seconds`, how long each
pair waited, in ms. The pool is filled up before with people who have looked and wait.
"""

import asyncio
import sys
import time

from coordinator.matchmaking.matcher import Matcher
from coordinator.matchmaking.pool import Rules
from core.domain.conversation import Change
from core.domain.envelope import Happening, decode
from core.domain.ids import BotId, PersonId, TicketId, order
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.service.run import run_process
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams
from tests.bench import proc
from tests.bench.arrivals import BOTS, EPOCH, Arrivals
from tests.bench.child import Child, answer, child
from tests.bench.servers import redis_server

ARRIVALS = 2_000
"""Of one stretch."""
AT_ONCE = 500
"""Of them, before the pool is filled up again: a small one must not run dry, and all get the same."""
READ_AT_ONCE = 1_000
PREFIX = "match:"


class Stage:
    """A pool of `size` and what belongs to it."""

    def __init__(self, client: RedisClient, redis: int, shards: Child, size: int) -> None:
        self._client = client
        self._redis = redis
        self._keys = Keys(PREFIX)
        self._shards = shards
        self._size = size
        self._conversations = Conversations(client, self._keys, Streams(client, self._keys))
        self._clock = SystemClock()
        # Patience without end: whoever has looked waits until somebody comes.
        rules = Rules(patience=1e9)
        self._matcher = Matcher(self._conversations, EPOCH, rules, self._clock, Outages(self._clock))
        self._first = 1

    async def stretch(self) -> dict[str, float]:
        """They arrive as fast as they can: how many a second find a partner, and CPU us of each by part."""
        took = shards = mine = redis = 0.0
        for _ in range(ARRIVALS // AT_ONCE):
            await self._fill()
            matching = asyncio.create_task(self._matcher.run())
            begin = time.monotonic(), time.process_time(), proc.cpu_seconds([self._redis])
            _, spent = await self._arrive(AT_ONCE)
            while await self._seeking():
                await asyncio.sleep(0.002)
            took += time.monotonic() - begin[0]
            mine += time.process_time() - begin[1]
            redis += proc.cpu_seconds([self._redis]) - begin[2]
            shards += spent
            await _end(matching)
        costs = {"shards": shards, "coordinator": mine, "redis": redis}
        return {"rate": ARRIVALS / took} | {part: cost / ARRIVALS * 1e6 for part, cost in costs.items()}

    async def paced(self, rate: float, seconds: float) -> list[float]:
        """Arrivals at a rate; for each conversation the milliseconds from the arrival to both being told."""
        await self._fill()
        matching = asyncio.create_task(self._matcher.run())
        first = self._first
        at, _ = await self._arrive(round(rate * seconds), rate)
        while await self._seeking():
            await asyncio.sleep(0.005)
        await _end(matching)
        return await self._told({PersonId(first + n): ms for n, ms in enumerate(at)})

    async def _fill(self) -> None:
        """So many wait; they have looked for a partner before, and found nobody."""
        await self._client.command("SET", self._keys.match_epoch, EPOCH)
        missing = self._size - await self._conversations.waiting_count()
        await Arrivals(self._client, self._keys).come(self._first, missing)
        self._first += missing
        pool, now, cursor = self._matcher._pool, self._clock.monotonic(), self._matcher._cursor
        while tickets := await self._conversations.waiting(cursor, READ_AT_ONCE, block_ms=1):
            for ticket in tickets:
                pool.add(ticket, now)
            pool.rest(tickets, now)
            cursor = tickets[-1].id
        self._matcher._cursor = cursor

    async def _arrive(self, people: int, rate: float = 0.0) -> tuple[list[int], float]:
        """When each got their ticket, and the CPU seconds of those who brought them."""
        first, self._first = self._first, self._first + people
        told = await self._shards.ask(first, people, rate)
        return told["at"], told["cpu"]

    async def _seeking(self) -> bool:
        """Whether somebody who has arrived is not paired yet."""
        newest = await self._client.command("XREVRANGE", self._keys.tickets, "+", "-", "COUNT", 1)
        cursor = self._matcher._cursor
        if not newest or cursor is None:
            return False
        unread = order(TicketId(newest[0][0].decode())) > order(cursor)
        return unread or any(True for _ in self._matcher._pool.seekers())

    async def _told(self, arrived: dict[PersonId, int]) -> list[float]:
        """From the ids in the tickets' stream and in the shards' streams, both of Redis' clock."""
        told: dict[int, list[tuple[PersonId, int]]] = {}
        for bot in range(1, BOTS + 1):
            for id_, fields in await self._client.command("XRANGE", self._keys.inbox(BotId(bot)), "-", "+"):
                body = decode(fields[1]).body
                if isinstance(body, Happening) and body.change is Change.MATCHED:
                    seen = told.setdefault(body.standing.conversation, [])
                    seen.append((PersonId(decode(fields[1]).to), int(id_.split(b"-")[0])))
        waits = []
        for both in told.values():
            arrivals = [arrived[person] for person, _ in both if person in arrived]
            if len(both) == 2 and arrivals:
                waits.append(float(max(at for _, at in both) - max(arrivals)))
        return waits


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def _serve(size: int) -> None:
    async with redis_server() as redis, RedisClient(redis.url) as client:
        assert redis.pid is not None, "Redis runs"
        async with child("tests.bench.arrivals", redis.url, PREFIX) as shards:
            stage = Stage(client, redis.pid, shards, size)

            async def respond(words: list[str]) -> object:
                return await (stage.paced(*map(float, words)) if words else stage.stretch())

            await answer(respond)


if __name__ == "__main__":
    sys.exit(run_process(lambda _: _serve(int(sys.argv[1]))))
