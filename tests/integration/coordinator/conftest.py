import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from tests.integration.coordinator.support import Network


@pytest.fixture
def network(client: RedisClient, keys: Keys) -> Network:
    return Network(client, keys)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path, so that a socket fits into it."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
