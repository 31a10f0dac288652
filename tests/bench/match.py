"""`bench match`: how many people a second can arrive and be paired, whatever the size of the pool.

The real matcher, scripts and Redis. The pool is filled with people who have looked before and wait;
arrivals are paired with whoever waits longest, and the pool is filled up again between stretches.
"""

import asyncio
import time
from collections.abc import Sequence
from itertools import count

from coordinator.matchmaking.matcher import Matcher
from coordinator.matchmaking.pool import Rules, order
from core.domain.conversation import Change
from core.domain.envelope import Happening, decode
from core.domain.ids import BotId, Epoch, PersonId, TicketId
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.redis.client import Argument, RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.scripts import FIND, Script
from core.state.redis.streams import Streams
from tests.bench import proc
from tests.bench.report import Progress, Report, at_least, at_most, machine, middle, plain, quantile
from tests.bench.servers import redis_server

BOTS = 34
POOLS = (1_000, 10_000, 100_000)
AT_ONCE = 100
FILL_AT_ONCE = 1_000
EPOCH = Epoch(1)


async def run(quick: bool, progress: Progress) -> Report:
    """Arrivals a second at each size of the pool; latency at half the goal's rate."""
    rounds, calm = (3, 3.0) if quick else (10, 20.0)
    conditions = machine()
    rates: dict[int, float] = {}
    costs: dict[int, float] = {}
    async with redis_server() as redis, RedisClient(redis.url) as client:
        for size in POOLS:
            progress(f"{size:,} people wait")
            stage = _Stage(client, f"m{size}:")
            await stage.fill(size)
            assert redis.pid is not None, "Redis runs"
            stretches = [await stage.stretch(min(2_000, size // 2), redis.pid) for _ in range(rounds)]
            rates[size] = middle([rate for rate, _ in stretches])
            costs[size] = middle([cost for _, cost in stretches])
            progress(f"{rates[size]:,.0f} arrivals/s")
            if size == POOLS[1]:
                progress("2,500 arrivals a second, for their latency")
                waits = await stage.paced(2_500.0, calm)
            await stage.close()
    conditions |= {"bots": BOTS, "rounds": rounds, "calm_seconds": calm, "durability": "fsync"}
    return Report(
        "match",
        conditions,
        (
            at_least("match.rate", min(rates.values()), "arrivals/s, the slowest pool", 5_000),
            at_most(
                "match.growth_100k_1k",
                costs[100_000] / costs[1_000],
                "x the CPU an arrival costs with 1,000",
                1.3,
            ),
            at_most("match.p99_ms", quantile(waits, 0.99), "ms to both being told, 2,500 arrivals/s", 250),
            plain("match.median_ms", middle(waits), "ms to both being told"),
            *(plain(f"match.rate_{size}", rate, "arrivals/s") for size, rate in rates.items()),
            *(plain(f"match.cost_{size}", cost, "us CPU an arrival") for size, cost in costs.items()),
        ),
    )


class _Stage:
    """A `{match}` of its own, with its matcher."""

    def __init__(self, client: RedisClient, prefix: str) -> None:
        self._client = client
        self._keys = Keys(prefix)
        self._conversations = Conversations(client, self._keys, Streams(client, self._keys))
        self._clock = SystemClock()
        # Patience without end: whoever has looked waits until somebody comes.
        rules = Rules(patience=1e9)
        self._matcher = Matcher(self._conversations, EPOCH, rules, self._clock, Outages(self._clock))
        self._people = count(1)
        self._size = 0
        self._arrived: dict[PersonId, int] = {}

    async def fill(self, size: int) -> None:
        """So many wait; they have looked for a partner before, and found nobody."""
        await self._client.command("SET", self._keys.match_epoch, EPOCH)
        self._size = size
        missing = size - await self._conversations.waiting_count()
        for some in _parts(missing, FILL_AT_ONCE):
            await self._find(some)
        pool, now, cursor = self._matcher._pool, self._clock.monotonic(), self._matcher._cursor
        while tickets := await self._conversations.waiting(cursor, FILL_AT_ONCE, block_ms=1):
            for ticket in tickets:
                pool.add(ticket, now)
            pool.rest(tickets, now)
            cursor = tickets[-1].id
        self._matcher._cursor = cursor
        await self._client.command("DEL", self._keys.outbox)

    async def stretch(self, arrivals: int, redis: int) -> tuple[float, float]:
        """As many arrive, as fast as they can: arrivals a second until each has a partner, µs CPU of each."""
        await self.fill(self._size)
        matching = asyncio.create_task(self._matcher.run())
        begin, spent = time.monotonic(), proc.cpu_seconds([proc.own(), redis])
        for some in _parts(arrivals, AT_ONCE):
            await self._find(some)
        while await self._seeking():
            await asyncio.sleep(0.002)
        elapsed = time.monotonic() - begin
        spent = proc.cpu_seconds([proc.own(), redis]) - spent
        await _end(matching)
        return arrivals / elapsed, spent / arrivals * 1e6

    async def paced(self, rate: float, seconds: float) -> list[float]:
        """Arrivals at a rate; for each conversation the milliseconds from the arrival to both being told."""
        await self.fill(self._size)
        self._arrived.clear()
        matching = asyncio.create_task(self._matcher.run())
        begin = time.monotonic()
        made = 0
        while (elapsed := time.monotonic() - begin) < seconds:
            due = int(elapsed * rate) - made
            if due > 0:
                await self._find(due)
                made += due
            await asyncio.sleep(0.004)
        while await self._seeking():
            await asyncio.sleep(0.005)
        await _end(matching)
        return await self._told()

    async def close(self) -> None:
        """Leave nothing behind."""
        await self._client.command("FLUSHALL")

    async def _find(self, people: int) -> None:
        """That many people press the button, in one round trip."""
        calls: list[tuple[Script, Sequence[str], Sequence[Argument]]] = []
        who = [PersonId(next(self._people)) for _ in range(people)]
        for person in who:
            keys = (self._keys.person(person), self._keys.tickets, self._keys.outbox, self._keys.match_fences)
            calls.append((FIND, keys, (_bot(person), EPOCH, 1, person)))
        for person, reply in zip(who, await self._client.run_many(calls, safe=True), strict=True):
            self._arrived[person] = int(reply[1][3].split(b"-")[0])

    async def _seeking(self) -> bool:
        """Whether somebody who has arrived is not paired yet."""
        newest = await self._client.command("XREVRANGE", self._keys.tickets, "+", "-", "COUNT", 1)
        cursor = self._matcher._cursor
        if not newest or cursor is None:
            return False
        unread = order(TicketId(newest[0][0].decode())) > order(cursor)
        return unread or any(True for _ in self._matcher._pool.seekers())

    async def _told(self) -> list[float]:
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
            arrivals = [self._arrived[person] for person, _ in both if person in self._arrived]
            if len(both) == 2 and arrivals:
                waits.append(float(max(at for _, at in both) - max(arrivals)))
        return waits


def _bot(person: PersonId) -> BotId:
    return BotId(person % BOTS + 1)


def _parts(whole: int, at_once: int) -> list[int]:
    return [min(at_once, whole - at) for at in range(0, whole, at_once)]


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
