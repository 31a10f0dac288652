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
    """The machine's clocks; asked a dozen times a message, so they are the functions themselves."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
