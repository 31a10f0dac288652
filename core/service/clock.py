"""Time, injected: decisions take it as a value, long-lived parts take a Clock."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """`monotonic` and `wall` in seconds; `wall` since 1970."""

    def monotonic(self) -> float: ...

    def wall(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
