"""One server, or the master that sentinels name: a few connections, and whether it is the one it was.

A replica that takes a master's place may lack what the master had. Each new connection asks who it
talks to: when the history is another than before, and not just begun (a restart on its own data),
`set_back` is called before anything else is asked.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from redis import asyncio as redis_asyncio
from redis import exceptions

from core.state.redis.link import Link

Argument = str | bytes | int
Command = tuple[Argument, ...]

ANSWER_SECONDS = 5.0
"""How long an answer may take before Redis counts as away, kept to WATCH_SECONDS.

The limit is ours: the library's own goes through asyncio.wait_for, which on Python 3.11 loses a
cancellation that comes just when a write ends; the cancelled task would go on for ever."""

WATCH_SECONDS = 0.5
"""How late is noticed, at most, that an answer takes too long."""

_NO_HISTORY = "0" * 40


class Server:
    """Callers beyond `connections` wait for each other, instead of calling Redis away."""

    def __init__(
        self, pool: redis_asyncio.ConnectionPool, connections: int, set_back: Callable[[], None]
    ) -> None:
        self.pool = pool
        self._links: list[Link] = []
        self._talking: set[Link] = set()
        self._watch: asyncio.TimerHandle | None = None
        self._watch_at = math.inf
        self._room = connections
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._set_back = set_back
        self._history = ""
        self._trusted = 0

    async def talk(
        self, commands: Sequence[Command], waits: Sequence[Command] = ()
    ) -> tuple[list[Any], list[Any]]:
        """Replies of one round trip on a connection of its own, and what the `waits` behind them say.

        Raises redis-py's errors.
        """
        if not commands:
            return [], []
        deadline = time.monotonic() + ANSWER_SECONDS
        if self._room:
            self._room -= 1
        else:
            await self._wait_for_room(deadline)
        try:
            link = self._links.pop() if self._links else None
            if link is None or not link.alive:
                link = await self._another(link, deadline)
            trusted = self._trusted
            link.deadline = deadline
            self._talking.add(link)
            if deadline < self._watch_at:
                self._expire()
            try:
                replies = await link.ask([*commands, *waits] if waits else commands)
            except BaseException:
                # Given up: the replies may still come, and belong to nobody.
                link.abort()
                await link.close()
                raise
            finally:
                self._talking.remove(link)
            if trusted != self._trusted:
                await link.close()
            else:
                self._links.append(link)
            if not waits:
                return replies, []
            return replies[: len(commands)], replies[len(commands) :]
        finally:
            self._leave_room()

    def distrust(self) -> None:
        """What it answered says that it may be no master any more: every connection is made anew."""
        self._trusted += 1
        for link in self._links:
            link.abort()

    async def close(self) -> None:
        """Close all connections."""
        for link in self._links:
            await link.close()
        self._links.clear()
        if self._watch is not None:
            self._watch.cancel()
        await self.pool.disconnect()

    async def _wait_for_room(self, deadline: float) -> None:
        """Until somebody leaves theirs to us."""
        left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(left)
        try:
            async with _until(deadline):
                await left
        except BaseException:
            if left.done() and not left.cancelled():
                self._leave_room()
            raise

    def _leave_room(self) -> None:
        """To whoever has waited longest."""
        while self._waiting:
            left = self._waiting.popleft()
            if not left.done():
                left.set_result(None)
                return
        self._room += 1

    def _expire(self) -> None:
        """Give up what takes too long, and look again when the next may: one timer for all."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        now = time.monotonic()
        late = [link for link in self._talking if link.deadline <= now]
        for link in late:
            link.expire()
        if late:
            # Those that nobody uses lead into the same silence: who asks next makes a new one.
            for link in self._links:
                link.abort()
        first = min((link.deadline for link in self._talking), default=math.inf)
        self._watch_at = max(first, now + WATCH_SECONDS)
        if first < math.inf:
            self._watch = asyncio.get_running_loop().call_later(self._watch_at - now, self._expire)

    async def _another(self, dead: Link | None, deadline: float) -> Link:
        """The connection that was used last and is still good, or a new one."""
        while dead is not None:
            await dead.close()
            dead = self._links.pop() if self._links else None
            if dead is not None and dead.alive:
                return dead
        async with _until(deadline):
            return await self._open()

    async def _open(self) -> Link:
        link = await Link.open(self.pool)
        try:
            (info,) = await link.ask([("INFO", "replication")])
            # Who may not ask goes without.
            if not isinstance(info, Exception):
                self._look(dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line))
        except BaseException:
            link.abort()
            await link.close()
            raise
        return link

    def _look(self, about: dict[str, str]) -> None:
        if about.get("role") == "slave":
            raise exceptions.ConnectionError("the server is a replica")
        history, before = about.get("master_replid", ""), about.get("master_replid2", _NO_HISTORY)
        changed = self._history not in ("", history)
        self._history = history
        if changed and before != _NO_HISTORY:
            self._set_back()


def _until(deadline: float) -> asyncio.Timeout:
    return asyncio.timeout(max(0.0, deadline - time.monotonic()))
