"""The bytes of files through this process: so many a second altogether, and fairly shared.

Copying bytes costs the time in which texts would be sent: a fast line to Telegram and twenty films
at once would take nearly all of it. So files have a pace together, and the transfer that has had
least goes first: a picture is through before a film moves on, and two films get on alike. To begin
with a file costs time as well, as much as so many bytes: twenty that come at once begin one by one.
"""

import asyncio
import heapq
import itertools

from core.service.clock import Clock

BYTES_PER_SECOND = 16_777_216.0
AHEAD = 0.005
"""Seconds of the pace that may pass at once after a silence."""

BEGINNING = 131_072
"""Bytes whose pace it takes to open a file here, or to hand it out."""


class Belt:
    """`begin` before a file is opened, `turn` before each piece is passed on."""

    def __init__(self, clock: Clock, rate: float = BYTES_PER_SECOND) -> None:
        self._clock = clock
        self._rate = rate
        self._due = float("-inf")
        self._waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    async def begin(self) -> None:
        """Wait until another file may be opened."""
        await self.turn(0, BEGINNING)

    async def turn(self, had: int, size: int) -> None:
        """Wait until `size` bytes of a transfer that has had `had` so far may pass."""
        now = self._clock.monotonic()
        if not self._waiting and self._due <= now + AHEAD:
            self._pass(now, size)
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_later(self._due - AHEAD - now, self._give)
        heapq.heappush(self._waiting, (had, next(self._numbers), size, future))
        await future

    def _give(self) -> None:
        """To whoever had least; then again, as long as somebody waits."""
        now = self._clock.monotonic()
        while self._waiting and self._due <= now + AHEAD:
            _, _, size, future = heapq.heappop(self._waiting)
            if not future.done():
                self._pass(now, size)
                future.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_later(self._due - AHEAD - now, self._give)

    def _pass(self, now: float, size: int) -> None:
        self._due = max(self._due, now) + size / self._rate
