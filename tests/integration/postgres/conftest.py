"""A pool on the test's own database, and a server to break."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.state.people import People
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.people_cache import PeopleCache
from deploy.embedded import EmbeddedPostgres
from tests.integration.postgres.processes import Clock, Process, Start


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short path, so that a socket fits into it."""
    made = Path(tempfile.mkdtemp(prefix="duo-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def breakable(folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder / "postgres", {"max_connections": "20", "fsync": "off"})
    yield server
    server.kill()


@pytest.fixture
async def own(breakable: EmbeddedPostgres) -> EmbeddedPostgres:
    """A server to break; running, whatever the test before did to it."""
    await breakable.start()
    return breakable


@pytest.fixture
async def start(key_prefix: str) -> AsyncIterator[Start]:
    """Makes processes."""
    keys = Keys(key_prefix)
    started: list[Process] = []
    async with AsyncExitStack() as stack:

        async def make(database_url: str, redis_url: str) -> Process:
            database = await stack.enter_async_context(Database(database_url))
            client = await stack.enter_async_context(RedisClient(redis_url))
            table, cache, clock = PeopleTable(database), PeopleCache(client, keys), Clock()
            process = Process(table, cache, client, People(table, cache, clock), clock)
            started.append(process)
            return process

        yield make
        parts = [part for process in started for part in process.parts]
        for part in parts:
            part.cancel()
        ends = await asyncio.gather(*parts, return_exceptions=True)
        assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == []


@pytest.fixture
async def one(start: Start, database_url: str, redis_url: str) -> Process:
    process = await start(database_url, redis_url)
    await process.listen()
    return process


@pytest.fixture
async def two(start: Start, database_url: str, redis_url: str) -> Process:
    process = await start(database_url, redis_url)
    await process.listen()
    return process
