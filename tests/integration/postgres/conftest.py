"""A pool on the test's own database, and a server to break."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.state.postgres.pool import Database
from deploy.embedded import EmbeddedPostgres


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
