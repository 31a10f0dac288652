"""An event loop whose time is virtual: when nothing is ready it jumps to the next timer."""

import asyncio
import selectors
from typing import Any

from core.service.clock import Clock


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout and self.loop is not None:
            self.loop.offset += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`offset` is the virtual time in seconds."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self.offset = 0.0

    def time(self) -> float:
        return getattr(self, "offset", 0.0)


class LoopClock(Clock):
    """The virtual loop's time as a clock."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return 1_700_000_000 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        # Below a float's resolution the virtual time would stand still for ever.
        await asyncio.sleep(max(seconds, 1e-6))
