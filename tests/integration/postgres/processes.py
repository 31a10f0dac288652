"""Processes of the network as far as people go: each with connections and a memory of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.domain.ids import BotId, PersonId
from core.service import metrics
from core.service.clock import SystemClock
from core.state.people import People
from core.state.postgres.people import PeopleTable
from core.state.redis.client import RedisClient
from core.state.redis.people_cache import PeopleCache

BOT = BotId(11111)
ANNA, BEN = PersonId(1), PersonId(2)
FOR_GOOD = float("inf")


class Clock(SystemClock):
    """The machine's clock, which the test can put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def wall(self) -> float:
        return super().wall() + self.ahead


@dataclass
class Process:
    """What one process of the network has."""

    table: PeopleTable
    cache: PeopleCache
    client: RedisClient
    people: People
    clock: Clock
    parts: list[asyncio.Task[None]] = field(default_factory=list)

    async def listen(self) -> None:
        """Hear of changes from now on."""
        self.parts.append(asyncio.create_task(self.people.run()))
        await eventually(lambda: self.people.hears)


async def eventually(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(20):
        while not (answer if isinstance(answer := holds(), bool) else await answer):
            await asyncio.sleep(0.01)


Start = Callable[[str, str], Awaitable[Process]]


class Costs:
    """SQL statements and a process's Redis round trips since the last look."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._last = self._now()

    def _now(self) -> tuple[int, int]:
        return round(metrics.value(metrics.SQL_STATEMENTS)), self._process.client.round_trips

    def since(self) -> tuple[int, int]:
        last, self._last = self._last, self._now()
        return self._last[0] - last[0], self._last[1] - last[1]


async def banned(process: Process, person: PersonId) -> bool:
    row = await process.people.get(person)
    return row is not None and row.banned(0)


async def language_is(process: Process, language: str) -> bool:
    return await process.people.language(ANNA) == language
