"""The pool of connections to PostgreSQL, with every statement counted and every failure typed.

Connections are few (`size`), because all shards share one server: each process says how many it
needs, and `check_room` compares the sum with what the server allows.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from core.domain.errors import DuologueError, StoreAway
from core.service import metrics

CONNECT_SECONDS = 3.0
COMMAND_SECONDS = 2.0
POOL_SIZE = 2
"""Connections a process needs: statements are rare."""


class DatabaseAway(StoreAway):
    """PostgreSQL is down, slow, or refuses us. Nothing is known about the last statement."""


_AWAY = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    asyncpg.ReadOnlySQLTransactionError,
)

_Result = TypeVar("_Result")


def _options(url: str) -> tuple[str, dict[str, Any]]:
    """The URL as asyncpg takes it; behind PgBouncer no statement may be prepared by name."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    bouncer = query.pop("pgbouncer", "") in ("1", "true", "yes")
    plain = urlunsplit(parts._replace(query=urlencode(query)))
    return plain, {"statement_cache_size": 0} if bouncer else {}


async def connect(url: str) -> asyncpg.Connection:
    """One connection of its own. Raises DatabaseAway with what to look at."""
    plain, options = _options(url)
    try:
        return await asyncpg.connect(plain, timeout=CONNECT_SECONDS, **options)
    except (*_AWAY, asyncpg.PostgresError, ValueError) as error:
        raise _unreachable(url, error) from None


def _unreachable(url: str, error: Exception) -> DatabaseAway:
    parts = urlsplit(url)
    host = parts.hostname or dict(parse_qsl(parts.query)).get("host", "localhost")
    return DatabaseAway(
        f"PostgreSQL at {host} cannot be used ({str(error) or type(error).__name__}): "
        "check DUOLOGUE_DATABASE_URL and that the server runs"
    )


class Database:
    """`async with Database(url) as database`; then `fetch`, `fetchrow`, `execute`."""

    def __init__(self, url: str, *, size: int = POOL_SIZE) -> None:
        self._url = url
        self._size = size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pool is not None:
            try:
                async with asyncio.timeout(2):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """All rows. Raises DatabaseAway."""
        return await self._run(lambda pool: pool.fetch(query, *args, timeout=COMMAND_SECONDS))

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """The first row, or None. Raises DatabaseAway."""
        return await self._run(lambda pool: pool.fetchrow(query, *args, timeout=COMMAND_SECONDS))

    async def execute(self, query: str, *args: object) -> int:
        """Run a statement; how many rows it changed. Raises DatabaseAway."""
        status: str = await self._run(lambda pool: pool.execute(query, *args, timeout=COMMAND_SECONDS))
        last = status.rpartition(" ")[2]
        return int(last) if last.isdecimal() else 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """Several statements that all happen or none. Raises DatabaseAway."""
        pool = await self._opened()
        try:
            async with pool.acquire(timeout=COMMAND_SECONDS) as connection, connection.transaction():
                metrics.SQL_STATEMENTS.inc()
                yield cast("asyncpg.Connection", connection)
        except _AWAY as error:
            raise _unreachable(self._url, error) from error

    async def check_room(self, needed: Sequence[int]) -> None:
        """Whether the server allows as many connections as all processes together need. Raises DuologueError."""
        row = await self.fetchrow(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
            " AS allowed"
        )
        allowed = row["allowed"] if row else 0
        if sum(needed) > allowed:
            raise DuologueError(
                f"the processes need {sum(needed)} connections, PostgreSQL allows {allowed}: "
                "raise max_connections or put PgBouncer before it"
            )

    async def _run(self, work: Callable[[asyncpg.Pool], Coroutine[Any, Any, _Result]]) -> _Result:
        pool = await self._opened()
        metrics.SQL_STATEMENTS.inc()
        try:
            return await work(pool)
        except _AWAY as error:
            raise _unreachable(self._url, error) from error

    async def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    plain, options = _options(self._url)
                    try:
                        self._pool = await asyncpg.create_pool(
                            plain,
                            min_size=0,
                            max_size=self._size,
                            timeout=CONNECT_SECONDS,
                            command_timeout=COMMAND_SECONDS,
                            max_inactive_connection_lifetime=60,
                            **options,
                        )
                    except (*_AWAY, asyncpg.PostgresError, ValueError) as error:
                        raise _unreachable(self._url, error) from None
        return self._pool
