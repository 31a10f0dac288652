"""The pool of connections to PostgreSQL, with every statement counted and every failure typed.

Connections are few (`size`), because all shards share one server: each process says how many it
needs, and `check_room` compares the sum with what the server allows. None is opened before it is
needed, so a process starts while PostgreSQL is away; one that did not answer in time is thrown
away, so nothing has to be reset when PostgreSQL is back.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from core.domain.errors import DuologueError, StoreAway
from core.service import metrics
from core.state.postgres.hosts import NO_CONNECTION, Hosts

CALL_SECONDS = 2.0
"""A call has its answer, or DatabaseAway, after this long, waiting for a connection included."""
CONNECT_SECONDS = 3.0
"""How long a connection outside the pool may take to open."""
POOL_SIZE = 2
"""Connections a process needs: statements are rare."""


class DatabaseAway(StoreAway):
    """PostgreSQL is down, slow, or refuses us. Nothing is known about the last statement."""


class SchemaMissing(DuologueError):
    """The tables of this version are not there, or our account may not use them."""


_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    # What the library says of a connection that ended while it was idle.
    asyncpg.InternalClientError,
)
"""Nothing about the statement, but that this connection or the server cannot serve us now."""
_NAMES_LOST = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)
_NO_SCHEMA = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InsufficientPrivilegeError)

_Result = TypeVar("_Result")


def _options(url: str) -> tuple[str, dict[str, Any]]:
    """The URL as asyncpg takes it; behind PgBouncer no statement may be prepared by name."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    bouncer = query.pop("pgbouncer", "") in ("1", "true", "yes")
    plain = urlunsplit(parts._replace(query=urlencode(query)))
    return plain, {
        "server_settings": {"application_name": "duologue"},
        **({"statement_cache_size": 0} if bouncer else {}),
    }


async def connect(url: str) -> asyncpg.Connection:
    """One connection of its own, without a time limit on what it runs. Raises DatabaseAway."""
    plain, options = _options(url)
    try:
        return await Hosts(plain).connect(timeout=CONNECT_SECONDS, **options)
    except NO_CONNECTION as error:
        raise _unreachable(url, error) from None


def _unreachable(url: str, error: Exception) -> DatabaseAway:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "localhost")
    reason = "it did not answer in time" if isinstance(error, TimeoutError) else str(error).partition("\n")[0]
    return DatabaseAway(
        f"PostgreSQL at {host} cannot be used ({reason or type(error).__name__}): "
        "check DUOLOGUE_DATABASE_URL and that the server runs"
    )


def _count(_: object) -> None:
    metrics.SQL_STATEMENTS.inc()


async def _counted(connection: asyncpg.Connection) -> None:
    """Every statement of the connection is counted, those of transactions too."""
    connection.add_query_logger(_count)


async def _nothing(_: asyncpg.Connection) -> None:
    """We leave no session state behind, so a connection is given back without a round trip."""


def _gone(connection: PoolConnectionProxy) -> bool:
    """Whether it was closed under us; the pool may have taken it back already then."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


class Database:
    """`async with Database(url) as database`; then `fetch`, `one`, `execute`, `transaction`.

    `replicas` answer `fetch_even_old` while the server is away.
    """

    def __init__(self, url: str, *, size: int = POOL_SIZE, replicas: Sequence[str] = ()) -> None:
        self._url = url
        self._replicas = [Database(replica, size=1) for replica in replicas]
        self._size = size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for replica in self._replicas:
            await replica.__aexit__(*error)
        if self._pool is not None:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """All rows. Raises DatabaseAway."""
        return await self._run(lambda connection, limit: connection.fetch(query, *args, timeout=limit))

    async def fetch_even_old(self, query: str, *args: object) -> list[asyncpg.Record]:
        """As `fetch`; while the server is away a replica is asked, which may be a moment behind."""
        try:
            return await self.fetch(query, *args)
        except DatabaseAway:
            for replica in self._replicas:
                with suppress(DatabaseAway):
                    return await replica.fetch(query, *args)
            raise

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """The first row, or None. Raises DatabaseAway."""
        return await self._run(lambda connection, limit: connection.fetchrow(query, *args, timeout=limit))

    async def one(self, query: str, *args: object) -> asyncpg.Record:
        """The row of a statement that always has one. Raises DatabaseAway, LookupError if it has none."""
        row = await self.fetchrow(query, *args)
        if row is None:
            raise LookupError(f"no row from: {query}")
        return row

    async def execute(self, query: str, *args: object) -> int:
        """Run a statement; how many rows it changed. Raises DatabaseAway."""
        status: str = await self._run(
            lambda connection, limit: connection.execute(query, *args, timeout=limit)
        )
        last = status.rpartition(" ")[2]
        return int(last) if last.isdecimal() else 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PoolConnectionProxy]:
        """Several statements that all happen or none. Raises DatabaseAway."""
        async with self._connection() as (connection, _), connection.transaction():
            yield connection

    async def check_room(self, needed: Sequence[int]) -> None:
        """Whether the server allows what all processes together need. Raises DuologueError, DatabaseAway.

        PgBouncer is the answer to too few, so behind it there is always room.
        """
        if "statement_cache_size" in _options(self._url)[1]:
            return
        row = await self.one(
            """SELECT current_setting('max_connections')::int
                      - current_setting('superuser_reserved_connections')::int
                      - coalesce(current_setting('reserved_connections', true)::int, 0) AS allowed"""
        )
        if sum(needed) > row["allowed"]:
            raise DuologueError(
                f"the processes need {sum(needed)} connections, PostgreSQL allows {row['allowed']}: "
                "raise max_connections, or put PgBouncer before it and add ?pgbouncer=1 to the URL"
            )

    async def _run(self, work: Callable[[PoolConnectionProxy, float], Awaitable[_Result]]) -> _Result:
        async with self._connection() as (connection, left):
            return await work(connection, left)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[PoolConnectionProxy, float]]:
        """A connection, and the seconds that are left for it. Failures inside are typed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + CALL_SECONDS
        pool = await self._opened()
        try:
            connection = await pool.acquire(timeout=CALL_SECONDS)
        except NO_CONNECTION as error:
            raise _unreachable(self._url, error) from error
        try:
            yield connection, max(0.1, until - loop.time())
        except _LOST as error:
            # Thrown away first: else giving it back would wait for it once more.
            if not _gone(connection):
                connection.terminate()
            raise _unreachable(self._url, error) from error
        except asyncpg.InterfaceError as error:
            if _gone(connection):
                raise _unreachable(self._url, error) from error
            raise
        except _NAMES_LOST as error:
            raise DuologueError(
                "PostgreSQL forgets prepared statements between two calls, as it does behind PgBouncer: "
                "add ?pgbouncer=1 to DUOLOGUE_DATABASE_URL"
            ) from error
        except _NO_SCHEMA as error:
            raise SchemaMissing(
                f"the database is not this version's ({error}): run `duologue migrate`"
            ) from error
        finally:
            await pool.release(connection)

    async def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    plain, options = _options(self._url)
                    self._pool = await asyncpg.create_pool(
                        plain,
                        connect=Hosts(plain).connect,
                        min_size=0,
                        max_size=self._size,
                        timeout=CALL_SECONDS,
                        command_timeout=CALL_SECONDS,
                        max_inactive_connection_lifetime=60,
                        init=_counted,
                        reset=_nothing,
                        **options,
                    )
        return self._pool
