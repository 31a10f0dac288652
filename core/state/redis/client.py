"""The connection to Redis, and how a script is run.

redis-py repeats a command after a timeout by itself; here it never does: whoever calls
decides, because only scripts that may be repeated are. Every failure to reach the server,
a server that is loading, full or read-only, is RedisAway: nothing is known about the write.

Safe writes: in a batch marked `safe` the answer is given only when the write would survive
the loss the `durability` setting names (DESIGN: fsync, replica, fast).
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from redis import asyncio as redis_asyncio
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from config.settings import Durability
from core.domain.errors import RedisAway
from core.service import metrics
from core.state.redis.link import Link
from core.state.redis.scripts import Script

Argument = str | bytes | int
Command = tuple[Argument, ...]

ANSWER_SECONDS = 5.0
"""How long an answer may take before Redis counts as away.

The limit is ours: the library's own goes through asyncio.wait_for, which on Python 3.11 loses a
cancellation that comes just when a write ends; the cancelled task would go on for ever."""

BLOCK_MS = 2_000
"""How long a blocking read waits; well below ANSWER_SECONDS."""

SAFE_WAIT_MS = 1_000
"""How long a safe write may wait for the disk or a replica before it counts as not safe."""

_AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, OSError, asyncio.TimeoutError)
_AWAY_WORDS = (
    "LOADING",
    "READONLY",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "UNBLOCKED",
)


class RedisClient:
    """One pool of connections. `async with RedisClient(url, durability) as client`."""

    def __init__(self, url: str, durability: Durability = "fsync", *, connections: int = 16) -> None:
        self._pool = redis_asyncio.ConnectionPool.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
            retry_on_error=[],
            protocol=2,
        )
        self._links: list[Link] = []
        # Where all connections are in use the next caller waits, instead of calling Redis away.
        self._room = asyncio.Semaphore(connections)
        # For channels only.
        self._redis = redis_asyncio.Redis.from_pool(self._pool)
        # Replies as the server sends them, whatever the version of the library makes of a command.
        self._redis.response_callbacks.clear()
        self._durability = durability
        self._wait: Command | None = None
        if durability == "replica":
            self._wait = ("WAIT", 1, SAFE_WAIT_MS)

    @property
    def round_trips(self) -> int:
        """Round trips of this process so far."""
        return round(metrics.value(metrics.REDIS_ROUND_TRIPS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for link in self._links:
            await link.close()
        self._links.clear()
        await self._redis.aclose()

    async def open(self) -> None:
        """Reach the server once, and learn how it makes a write safe. Raises RedisAway."""
        replies = await self.pipeline([("CONFIG", "GET", "appendonly"), ("CONFIG", "GET", "appendfsync")])
        appendonly, appendfsync = (reply[1] for reply in replies)
        if self._durability == "fsync" and (appendonly, appendfsync) != (b"yes", b"always"):
            self._wait = ("WAITAOF", 1, 0, SAFE_WAIT_MS)
        if self._wait is not None:
            await self.pipeline([("PING",)], safe=True)

    async def command(self, *command: Argument) -> Any:
        """Run one command. Raises RedisAway."""
        metrics.REDIS_ROUND_TRIPS.inc()
        try:
            (reply,) = await self._talk([command])
        except _AWAY as error:
            raise RedisAway(f"Redis does not answer: {str(error) or type(error).__name__}") from error
        if isinstance(reply, Exception):
            raise _away(reply) or reply
        return reply

    async def run(
        self, script: Script, keys: Sequence[str], args: Sequence[Argument], *, safe: bool = False
    ) -> Any:
        """Run one script. Raises RedisAway."""
        return (await self.run_many([(script, keys, args)], safe=safe))[0]

    async def run_many(
        self,
        calls: Sequence[tuple[Script, Sequence[str], Sequence[Argument]]],
        *,
        safe: bool = False,
    ) -> list[Any]:
        """Run scripts in one round trip; their replies in order. Raises RedisAway.

        A server that lost its scripts gets them again; only the calls it refused are repeated.
        """
        commands: list[Command] = [("EVALSHA", s.sha, len(keys), *keys, *args) for s, keys, args in calls]
        replies = await self.pipeline(commands, safe=safe, missing_scripts=True)
        missing = [at for at, reply in enumerate(replies) if isinstance(reply, exceptions.NoScriptError)]
        if missing:
            repeated: list[Command] = [
                ("EVAL", calls[at][0].text, len(calls[at][1]), *calls[at][1], *calls[at][2]) for at in missing
            ]
            for at, reply in zip(missing, await self.pipeline(repeated, safe=safe), strict=True):
                replies[at] = reply
        return replies

    async def pipeline(
        self, commands: Sequence[Command], *, safe: bool = False, missing_scripts: bool = False
    ) -> list[Any]:
        """Run commands in one round trip on one connection, so that a wait for safety covers them."""
        metrics.REDIS_ROUND_TRIPS.inc()
        wait = self._wait if safe else None
        try:
            replies = await self._talk([*commands, wait] if wait is not None else commands)
        except _AWAY as error:
            raise RedisAway(f"Redis does not answer: {str(error) or type(error).__name__}") from error
        if wait is not None:
            _check_safe(replies.pop())
        for reply in replies:
            if isinstance(reply, Exception) and not (
                missing_scripts and isinstance(reply, exceptions.NoScriptError)
            ):
                raise _away(reply) or reply
        return replies

    async def _talk(self, commands: Sequence[Command]) -> list[Any]:
        """Replies of one round trip on a connection of its own. Raises redis-py's errors."""
        if not commands:
            return []
        async with asyncio.timeout(ANSWER_SECONDS), self._room:
            while self._links:
                link = self._links.pop()
                if link.alive:
                    break
                await link.close()
            else:
                link = await Link.open(self._pool)
            try:
                replies = await link.talk(commands)
            except BaseException:
                # Given up: the replies may still come, and belong to nobody.
                link.abort()
                await link.close()
                raise
            self._links.append(link)
            return replies

    def pubsub(self) -> redis_asyncio.client.PubSub:
        """A subscription of its own connection."""
        return self._redis.pubsub()


def _away(error: Exception) -> RedisAway | None:
    if isinstance(error, _AWAY) or str(error).startswith(_AWAY_WORDS) or type(error) in _AWAY_TYPES:
        return RedisAway(f"Redis refuses just now: {error}")
    return None


_AWAY_TYPES = {
    exceptions.BusyLoadingError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.MasterDownError,
    exceptions.ClusterDownError,
}


def _check_safe(reply: object) -> None:
    """The last reply of a safe batch: how many copies hold it."""
    if isinstance(reply, Exception):
        raise RedisAway(f"Redis cannot make a write safe: {reply}")
    copies = reply[0] if isinstance(reply, list) else reply
    if not isinstance(copies, int) or copies < 1:
        raise RedisAway(f"the write is on {copies} disks or replicas after {SAFE_WAIT_MS} ms; expected 1")
