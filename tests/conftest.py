"""PostgreSQL and Redis for the tests: one of each for the run, a fresh database and prefix for each test."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from core.state.postgres.migrate import migrate
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis
from tests.harness import thorough

thorough.register()

TEMPLATE = "migrated"
# What is lost with the machine is no test's business; what is lost with a process is.
_HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}

_Result = TypeVar("_Result")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Thousands of runs take their time: no test has a limit then."""
    if thorough.wanted():
        for item in items:
            item.add_marker(pytest.mark.timeout(0))


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run it on a loop of its own, leaving the tests' loops alone."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder with a short path, so that sockets fit into it."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The run's PostgreSQL; its own database is left empty."""
    server = EmbeddedPostgres(server_folder / "postgres", _HASTY)
    run(server.start())
    yield server
    run(server.stop())


@pytest.fixture(scope="session")
def _migrated(postgres: EmbeddedPostgres) -> str:
    run(_execute(postgres.url, f"CREATE DATABASE {TEMPLATE}"))
    run(migrate(postgres.url_of(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, _migrated: str) -> Iterator[str]:
    """A database of this test's own, migrated and empty."""
    name = f"test_{secrets.token_hex(4)}"
    run(_execute(postgres.url, f"CREATE DATABASE {name} TEMPLATE {_migrated} STRATEGY file_copy"))
    yield postgres.url_of(name)
    run(_execute(postgres.url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def redis_server(server_folder: Path) -> Iterator[EmbeddedRedis]:
    """The run's Redis-compatible server, as durable as in earnest."""
    server = EmbeddedRedis(server_folder / "redis")
    run(server.start())
    yield server
    run(server.stop())


@pytest.fixture(scope="session")
def redis_url(redis_server: EmbeddedRedis) -> str:
    return redis_server.url


@pytest.fixture
def key_prefix() -> str:
    """What this test's keys begin with: nobody else's do."""
    return f"t{secrets.token_hex(4)}:"
