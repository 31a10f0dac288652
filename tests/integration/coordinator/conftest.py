import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.domain.fleet import BotState
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from tests.integration.coordinator.broadcasting import Stage
from tests.integration.coordinator.support import ONE, TWO, Network


@pytest.fixture
def network(client: RedisClient, keys: Keys) -> Network:
    return Network(client, keys)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path, so that a socket fits into it."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def stage(database_url: str, client: RedisClient, keys: Keys) -> AsyncIterator[Stage]:
    async with Database(database_url) as database:
        made = Stage(database, client, keys)
        for bot in (ONE, TWO):
            await made.bots.add(bot, f"bot{bot}", f"{bot}:token")
            await made.bots.set_state(bot, BotState.ACTIVE)
        await client.command("SCRIPT", "FLUSH")
        yield made
