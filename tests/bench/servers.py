"""PostgreSQL and Redis of a benchmark's own, without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.state.postgres.migrate import migrate
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis


@asynccontextmanager
async def redis_server() -> AsyncIterator[EmbeddedRedis]:
    """As durable as in earnest."""
    with TemporaryDirectory(prefix="duo-") as folder:
        async with EmbeddedRedis(Path(folder) / "redis") as server:
            yield server


@asynccontextmanager
async def postgres_server() -> AsyncIterator[EmbeddedPostgres]:
    """Migrated, and as durable as in earnest."""
    with TemporaryDirectory(prefix="duo-") as folder:
        async with EmbeddedPostgres(Path(folder) / "pg") as server:
            await migrate(server.url)
            yield server
