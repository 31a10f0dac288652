"""Time, passed in, so that a day can go by in a test without a day going by."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something that was asked to happen later."""

    def cancel(self) -> None:
        """It shall not happen any more; harmless when it already has."""


class Clock(Protocol):
    """Two readings, both in seconds, and a way to be called later."""

    def monotonic(self) -> float:
        """Never goes back; for windows, waits and retries."""

    def wall(self) -> float:
        """Unix time; for dates and for the age of updates."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Calls `action` once, `seconds` from now, inside the event loop."""


class RealClock:
    """The machine's own time."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, action)


class _Due:
    """A call that waits in a ManualClock."""

    __slots__ = ("action", "cancelled")

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """Stands still until it is told to go on."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self._now = 1_000.0
        self._wall = wall
        self._order = itertools.count()
        self._due: list[tuple[float, int, _Due]] = []

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._wall

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        due = _Due(action)
        heapq.heappush(self._due, (self._now + seconds, next(self._order), due))
        return due

    @property
    def waiting(self) -> int:
        """How many calls are still to come."""
        return sum(not due.cancelled for _, _, due in self._due)

    def advance(self, seconds: float) -> None:
        """Lets time pass; what falls due on the way is called in its order, at its moment."""
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            at, _, due = heapq.heappop(self._due)
            self._move(max(at, self._now))
            if not due.cancelled:
                due.action()
        self._move(end)

    def _move(self, to: float) -> None:
        self._wall += to - self._now
        self._now = to


async def sleep(clock: Clock, seconds: float) -> None:
    """Waits by `clock`."""
    if seconds <= 0:
        return
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    timer = clock.call_later(seconds, wake)
    try:
        await woken
    finally:
        timer.cancel()
