"""The connection to Redis, and how a script is run.

redis-py repeats a command after a timeout by itself; here it never does: whoever calls
decides, because only scripts that may be repeated are. Every failure to reach the server,
a server that is loading, full or read-only, is RedisAway: nothing is known about the write.

Safe writes: in a batch marked `safe` the answer is given only when the write would survive
the loss the `durability` setting names (DESIGN: fsync, replica, fast).
"""

import re
from collections.abc import Coroutine, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from redis import asyncio as redis_asyncio
from redis import exceptions

from config.values import Durability
from core.domain.errors import RedisAway, RedisFull
from core.service import metrics
from core.state.redis.cluster import Cluster
from core.state.redis.scripts import Script
from core.state.redis.server import Argument, Command
from core.state.redis.servers import OneServer, Servers

__all__ = ["BLOCK_MS", "Argument", "Call", "Command", "RedisClient"]

BLOCK_MS = 2_000
"""How long a blocking read waits; well below the time that an answer may take."""

SAFE_WAIT_MS = 1_000
"""How long a safe write may wait for the disk or a replica before it counts as not safe."""

_AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, OSError)
_REFUSED = {
    "OOM": "it is full: raise maxmemory or free some of it",
    "MISCONF": "it cannot write to its disk: see its log",
    "NOREPLICAS": "it has too few replicas for min-replicas-to-write",
    "LOADING": "it reads its data",
    "READONLY": "it is a replica",
    "MASTERDOWN": "it is a replica without its master",
    "CLUSTERDOWN": "the cluster is down",
    "MOVED": "the cluster does not agree who has a slot",
    "TRYAGAIN": "a slot moves from one master to another",
    "UNBLOCKED": "it became a replica",
}
_WITHIN = re.compile(r"Error running script .*? -([A-Z]+) ")
"""How servers before version 7 tell of a refusal inside a script."""
_NO_MASTER = ("READONLY", "MASTERDOWN", "CLUSTERDOWN", "UNBLOCKED")


Call = tuple[Script, Sequence[str], Sequence[Argument]]
"""A script with its keys and arguments."""


class RedisClient:
    """`async with RedisClient(url, durability) as client`; see address.py for the URL."""

    def __init__(self, url: str, durability: Durability = "fsync", *, connections: int = 16) -> None:
        self._servers: Servers = (Cluster if "+cluster" in urlsplit(url).scheme else OneServer)(
            url, connections
        )
        self._durability = durability
        self._waits: tuple[Command, ...] = ()
        if durability == "replica" or (durability == "fsync" and self._servers.fails_over):
            self._waits = (("WAIT", 1, SAFE_WAIT_MS),)

    @property
    def history(self) -> int:
        """Changes when a server took the place of another, which may have known more."""
        return self._servers.history

    @property
    def scattered(self) -> bool:
        """Whether parts of a batch may be done and others lost: keys live on several servers."""
        return self._servers.scattered

    @property
    def round_trips(self) -> int:
        """Round trips of this process so far."""
        return round(metrics.value(metrics.REDIS_ROUND_TRIPS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._servers.close()

    async def open(self) -> None:
        """Reach the servers once, and learn how they make a write safe. Raises RedisAway."""
        if self._durability == "fsync" and not await self._always_on_disk():
            self._waits = (("WAITAOF", 1, 0, SAFE_WAIT_MS), *(w for w in self._waits if w[0] == "WAIT"))
        await self.pipeline([("PING",)], safe=True)

    async def _always_on_disk(self) -> bool:
        """Whether every server writes each command to its disk before it answers."""
        try:
            told = await self._servers.everywhere([("CONFIG", "GET", "append*")])
        except _AWAY as error:
            raise _silent(error) from error
        for (reply,) in told:
            if isinstance(reply, Exception) and (away := _away(reply)) is not None:
                raise away
            # Who may not ask does not know.
            known = {} if isinstance(reply, Exception) else dict(zip(reply[::2], reply[1::2], strict=True))
            if (known.get(b"appendonly"), known.get(b"appendfsync")) != (b"yes", b"always"):
                return False
        return True

    async def command(self, *command: Argument) -> Any:
        """Run one command. Raises RedisAway."""
        return (await self._talk([command], safe=False))[0]

    async def run(
        self, script: Script, keys: Sequence[str], args: Sequence[Argument], *, safe: bool = False
    ) -> Any:
        """Run one script. Raises RedisAway."""
        return (await self.run_many([(script, keys, args)], safe=safe))[0]

    def run_many(
        self, calls: Sequence[Call | Command], *, safe: bool = False
    ) -> Coroutine[Any, Any, list[Any]]:
        """Run scripts, and commands, in one round trip; their replies in order. Raises RedisAway.

        A server that lost its scripts gets them again; only the calls it refused are repeated.
        """
        return self._talk([_command(call) for call in calls], safe=safe, calls=calls)

    def pipeline(self, commands: Sequence[Command], *, safe: bool = False) -> Coroutine[Any, Any, list[Any]]:
        """Run commands in one round trip on one connection, so that a wait for safety covers them."""
        return self._talk(commands, safe=safe)

    async def _talk(
        self, commands: Sequence[Command], *, safe: bool, calls: Sequence[Call | Command] = ()
    ) -> list[Any]:
        """`calls`: what the commands come from, where scripts that are missing are to be sent whole."""
        metrics.REDIS_ROUND_TRIPS.inc()
        try:
            replies, answers = await self._servers.talk(commands, self._waits if safe else ())
        except _AWAY as error:
            raise _silent(error) from error
        missing = []
        for at, reply in enumerate(replies):
            if isinstance(reply, Exception):
                if not (calls and isinstance(reply, exceptions.NoScriptError)):
                    raise self._refused(reply)
                missing.append(at)
        for answer in answers:
            self._check_safe(answer)
        if missing:
            repeated = [_command(calls[at], whole=True) for at in missing]
            for at, reply in zip(missing, await self._talk(repeated, safe=safe), strict=True):
                replies[at] = reply
        return replies

    def _refused(self, error: Exception) -> Exception:
        away = _away(error)
        if away is not None and _word(error) in _NO_MASTER:
            self._servers.distrust()
        return away or error

    def _check_safe(self, answer: object) -> None:
        """What a wait said: how many copies there are. Raises RedisAway."""
        copies = answer[0] if isinstance(answer, list) else answer
        if isinstance(copies, int) and copies >= 1:
            return
        if self._servers.fails_over:
            # A master without replicas may be one that was cut off, and another has its place by now.
            self._servers.distrust()
        if isinstance(answer, Exception):
            raise RedisAway(f"Redis cannot make a write safe: {answer}")
        raise RedisAway(f"the write is on {copies} disks or replicas after {SAFE_WAIT_MS} ms; expected 1")

    async def pubsub(self) -> redis_asyncio.client.PubSub:
        """A subscription of its own connection. Raises redis-py's errors."""
        redis = redis_asyncio.Redis.from_pool(await self._servers.channel())
        # Replies as the server sends them, whatever the version of the library makes of a command.
        redis.response_callbacks.clear()
        return redis.pubsub()


def _command(call: Call | Command, *, whole: bool = False) -> Command:
    """A script by its name, or with its `whole` text."""
    if not isinstance(call[0], Script):
        return call
    script, keys, args = call
    named = ("EVAL", script.text) if whole else ("EVALSHA", script.sha)
    return (*named, len(keys), *keys, *args)


def _silent(error: Exception) -> RedisAway:
    return RedisAway(f"Redis does not answer: {str(error) or type(error).__name__}")


def _word(error: Exception) -> str:
    """The word that a refusal begins with; the library has taken some of them away."""
    within = _WITHIN.match(str(error))
    return within[1] if within else _WORDS.get(type(error)) or str(error).partition(" ")[0]


def _away(error: Exception) -> RedisAway | None:
    why = _REFUSED.get(_word(error))
    if why is not None:
        kind = RedisFull if _word(error) == "OOM" else RedisAway
        return kind(f"Redis refuses just now, {why} ({error})")
    return RedisAway(f"Redis refuses just now: {error}") if isinstance(error, _AWAY) else None


_WORDS: dict[type[Exception], str] = {
    exceptions.BusyLoadingError: "LOADING",
    exceptions.ReadOnlyError: "READONLY",
    exceptions.OutOfMemoryError: "OOM",
    exceptions.MasterDownError: "MASTERDOWN",
    exceptions.ClusterDownError: "CLUSTERDOWN",
    exceptions.TryAgainError: "TRYAGAIN",
    exceptions.MovedError: "MOVED",
}
