"""getUpdates: waiting for updates, one caller at a time."""

import asyncio

from simulator.clock import Clock
from simulator.errors import ApiError, conflict
from simulator.world.updates import Update, UpdateQueue

MAX_BYTES = 4 * 1024 * 1024
_LONGEST = 50
_TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"


class LongPoll:
    """The polling side of one bot. A second caller ends the wait of the first with 409."""

    def __init__(self, queue: UpdateQueue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock
        self._waiting: asyncio.Future[None] | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody is waiting."""
        return self._waiting is not None

    async def take(self, offset: int, limit: int, timeout: int) -> list[Update]:
        """Confirms what is below `offset`, then waits up to `timeout` seconds for something to give."""
        self.interrupt()
        if offset:
            self._queue.confirm_below(offset)
        if not 1 <= limit <= 100:
            limit = 100
        found = self._queue.peek(limit, MAX_BYTES)
        seconds = min(max(timeout, 0), _LONGEST)
        if found or not seconds:
            return found
        await self._wait(seconds)
        return self._queue.peek(limit, MAX_BYTES)

    def interrupt(self, why: ApiError | None = None) -> None:
        """Ends the wait of whoever is waiting, with 409 unless told otherwise."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(why or conflict(_TERMINATED))

    async def _wait(self, seconds: float) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting

        def wake() -> None:
            if not waiting.done():
                waiting.set_result(None)

        forget = self._queue.listen(wake)
        timer = self._clock.call_later(seconds, wake)
        try:
            await waiting
        finally:
            forget()
            timer.cancel()
            if self._waiting is waiting:
                self._waiting = None
