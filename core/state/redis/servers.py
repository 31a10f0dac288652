"""What the client talks to: one server, or the master that sentinels name (a cluster: cluster.py)."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from redis import asyncio as redis_asyncio
from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

from core.state.redis.address import Place, plain, take_apart
from core.state.redis.server import Command, Server

SENTINEL_SECONDS = 0.5
"""How long a sentinel may take to answer; all are asked at once."""


class Servers(Protocol):
    """What the client needs of them."""

    fails_over: bool
    """Whether another server may take a master's place: then only what a replica has too is safe."""
    scattered: bool
    """Whether keys of different slots live on different servers, which fail one by one."""
    history: int
    """Changes when a server took the place of another, which may have known more."""

    async def talk(
        self, commands: Sequence[Command], waits: Sequence[Command]
    ) -> tuple[list[Any], list[Any]]:
        """The replies, and the answers of `waits`, which are said after them on each connection used."""

    async def everywhere(self, commands: Sequence[Command]) -> list[list[Any]]:
        """The replies of every master."""

    def distrust(self) -> None:
        """An answer says that a server is no master any more."""

    async def channel(self) -> redis_asyncio.ConnectionPool:
        """Where to subscribe."""

    async def close(self) -> None:
        """Close all connections."""


class OneServer:
    """One address, or one master wherever its sentinels say that it is."""

    scattered = False

    def __init__(self, url: str, connections: int) -> None:
        self.history = 0
        self.fails_over = "+sentinel" in urlsplit(url).scheme
        self._sentinels: _Sentinels | None = None
        if self.fails_over:
            place = take_apart(url, 26379)
            self._sentinels = _Sentinels(place)
            pool: redis_asyncio.ConnectionPool = SentinelConnectionPool(  # type: ignore[no-untyped-call]
                place.path[0], self._sentinels, db=int((*place.path, "0")[1]), **plain(), **place.options
            )
        else:
            pool = redis_asyncio.ConnectionPool.from_url(url, **plain())
        self._server = Server(pool, connections, self._set_back)
        self.talk = self._server.talk

    async def everywhere(self, commands: Sequence[Command]) -> list[list[Any]]:
        return [(await self._server.talk(commands))[0]]

    def distrust(self) -> None:
        self._server.distrust()

    async def channel(self) -> redis_asyncio.ConnectionPool:
        return self._server.pool

    async def close(self) -> None:
        await self._server.close()
        if self._sentinels is not None:
            await self._sentinels.aclose()

    def _set_back(self) -> None:
        self.history += 1


class _Sentinels(Sentinel):
    """Asks all: one that is cut off from the others does not know of the newest master."""

    def __init__(self, place: Place) -> None:
        options = {**plain(), "socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
        super().__init__(  # type: ignore[no-untyped-call]
            list(place.hosts), sentinel_kwargs={**options, **place.sentinel_options}
        )

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """The address that the newest election chose. Raises MasterNotFoundError."""
        answers = await asyncio.gather(*(self._ask(one, service_name) for one in self.sentinels))
        newest = max((answer for answer in answers if answer is not None), default=None)
        if newest is None:
            raise MasterNotFoundError(f"no sentinel knows a master named {service_name}")
        return newest[1], newest[2]

    async def _ask(self, sentinel: redis_asyncio.Redis, name: str) -> tuple[int, str, int] | None:
        try:
            masters = cast("dict[str, dict[str, Any]]", await sentinel.sentinel_masters())
        except (TimeoutError, exceptions.RedisError, OSError):
            return None
        state = masters.get(name)
        return (int(state["config-epoch"]), state["ip"], int(state["port"])) if state else None
