"""`bench match`: how many people a second can arrive and be paired, whatever the size of the pool.

The real matcher, scripts and Redis; the arrivals, which in a network come from all shards, come from
a process of their own. The pool is filled with people who have looked before and wait; arrivals are
paired with whoever waits longest, and the pool is filled up again between stretches.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from coordinator.matchmaking.matcher import Matcher
from coordinator.matchmaking.pool import Rules, order
from core.domain.conversation import Change
from core.domain.envelope import Happening, decode
from core.domain.ids import BotId, PersonId, TicketId
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams
from tests.bench import proc
from tests.bench.arrivals import BOTS, EPOCH, Arrivals
from tests.bench.report import Progress, Report, at_least, at_most, machine, middle, plain, quantile
from tests.bench.servers import redis_server

POOLS = (1_000, 10_000, 100_000)
ARRIVALS = 2_000
"""Of one stretch. A small pool must not run dry, so it is filled up again in between."""
READ_AT_ONCE = 1_000
READY_SECONDS = 60.0


class Cost(NamedTuple):
    """CPU time that an arrival takes, in microseconds, by who spends it."""

    shards: float
    coordinator: float
    redis: float


async def run(quick: bool, progress: Progress) -> Report:
    """Arrivals a second at each size of the pool; latency at half the goal's rate."""
    rounds, calm = (5, 3.0) if quick else (20, 20.0)
    conditions = machine()
    rates: dict[int, float] = {}
    costs: dict[int, Cost] = {}
    async with redis_server() as redis, RedisClient(redis.url) as client:
        assert redis.pid is not None, "Redis runs"
        for size in POOLS:
            progress(f"{size:,} people wait")
            async with _stage(client, redis.url, redis.pid, f"m{size}:") as stage:
                stretches = [await stage.stretch(size) for _ in range(rounds)]
                rates[size] = middle([rate for rate, _ in stretches])
                spent = zip(*(cost for _, cost in stretches), strict=True)
                costs[size] = Cost(*(middle(list(one)) for one in spent))
                progress(f"{rates[size]:,.0f} arrivals/s, {sum(costs[size]):.0f} us of CPU each")
                if size == POOLS[1]:
                    progress("2,500 arrivals a second, for their latency")
                    waits = await stage.paced(size, 2_500.0, calm)
    conditions |= {"bots": BOTS, "rounds": rounds, "calm_seconds": calm, "durability": "fsync"}
    worst = max(costs.values(), key=sum)
    return Report(
        "match",
        conditions,
        (
            at_least("match.rate", min(rates.values()), "arrivals/s, the slowest pool", 5_000),
            at_most(
                "match.growth_100k_1k",
                sum(costs[100_000]) / sum(costs[1_000]),
                "x the CPU an arrival costs with 1,000",
                1.3,
            ),
            at_most("match.p99_ms", quantile(waits, 0.99), "ms to both being told, 2,500 arrivals/s", 250),
            plain("match.median_ms", middle(waits), "ms to both being told"),
            *(plain(f"match.rate_{size}", rate, "arrivals/s") for size, rate in rates.items()),
            *(plain(f"match.cost_{size}", sum(cost), "us CPU an arrival") for size, cost in costs.items()),
            *(
                plain(f"match.cost_{part}", value, "us CPU an arrival, the slowest pool")
                for part, value in worst._asdict().items()
            ),
        ),
    )


@asynccontextmanager
async def _stage(client: RedisClient, url: str, redis: int, prefix: str) -> AsyncIterator["_Stage"]:
    """A `{match}` of its own, with its matcher and its shards; leaves nothing behind."""
    shards = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.arrivals", url, prefix),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        assert shards.stdout is not None, "it was asked for"
        if await asyncio.wait_for(shards.stdout.readline(), READY_SECONDS) != b"ready\n":
            raise RuntimeError("the arrivals' process did not start")
        yield _Stage(client, redis, Keys(prefix), shards)
    finally:
        if shards.returncode is None:
            shards.kill()
        await shards.wait()
        await client.command("FLUSHALL")


class _Stage:
    def __init__(
        self, client: RedisClient, redis: int, keys: Keys, shards: asyncio.subprocess.Process
    ) -> None:
        self._client = client
        self._redis = redis
        self._keys = keys
        self._shards = shards
        self._conversations = Conversations(client, keys, Streams(client, keys))
        self._clock = SystemClock()
        # Patience without end: whoever has looked waits until somebody comes.
        rules = Rules(patience=1e9)
        self._matcher = Matcher(self._conversations, EPOCH, rules, self._clock, Outages(self._clock))
        self._first = 1

    async def stretch(self, size: int) -> tuple[float, Cost]:
        """As many arrive, as fast as they can: arrivals a second until each has a partner, and their cost."""
        at_once = min(ARRIVALS, size // 2)
        took, cost = 0.0, Cost(0.0, 0.0, 0.0)
        for _ in range(ARRIVALS // at_once):
            await self._fill(size)
            matching = asyncio.create_task(self._matcher.run())
            begin = time.monotonic()
            mine, redis = self._spent()
            _, shards = await self._arrive(at_once)
            while await self._seeking():
                await asyncio.sleep(0.002)
            took += time.monotonic() - begin
            parts = (
                shards,
                *(now - before for now, before in zip(self._spent(), (mine, redis), strict=True)),
            )
            cost = Cost(*(a + b / ARRIVALS * 1e6 for a, b in zip(cost, parts, strict=True)))
            await _end(matching)
        return ARRIVALS / took, cost

    async def paced(self, size: int, rate: float, seconds: float) -> list[float]:
        """Arrivals at a rate; for each conversation the milliseconds from the arrival to both being told."""
        await self._fill(size)
        matching = asyncio.create_task(self._matcher.run())
        first = self._first
        at, _ = await self._arrive(round(rate * seconds), rate)
        while await self._seeking():
            await asyncio.sleep(0.005)
        await _end(matching)
        return await self._told({PersonId(first + n): ms for n, ms in enumerate(at)})

    async def _fill(self, size: int) -> None:
        """So many wait; they have looked for a partner before, and found nobody."""
        await self._client.command("SET", self._keys.match_epoch, EPOCH)
        missing = size - await self._conversations.waiting_count()
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
        to, back = self._shards.stdin, self._shards.stdout
        assert to is not None, "it was asked for"
        assert back is not None, "it was asked for"
        to.write(b"%d %d %f\n" % (self._first, people, rate))
        self._first += people
        answer = json.loads(await back.readline())
        return answer["at"], answer["cpu"]

    def _spent(self) -> tuple[float, float]:
        """CPU seconds of the coordinator, which is this process, and of Redis so far."""
        return time.process_time(), proc.cpu_seconds([self._redis])

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
