"""An event for one who waits: asyncio's own takes a coroutine, a queue and several calls more each time."""

import asyncio


class Bell:
    """Rung before it is waited for counts as well, until it is cleared."""

    __slots__ = ("_rung", "_waiting")

    def __init__(self) -> None:
        self._rung = False
        self._waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Ring."""
        self._rung = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def clear(self) -> None:
        """What was rung so far is heard."""
        self._rung = False

    def wait(self) -> "asyncio.Future[None]":
        """Until it is rung. For one at a time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._rung:
            future.set_result(None)
        else:
            self._waiting = future
        return future
