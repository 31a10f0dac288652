"""A server for models, and nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.embedded import EmbeddedRedis


@pytest.fixture
async def hasty_url(server_folder: Path) -> AsyncIterator[str]:
    """A server that need not write anything down: thousands of steps, and none outlives it."""
    async with EmbeddedRedis(server_folder / "hasty", {"appendonly": "no"}) as server:
        yield server.url
