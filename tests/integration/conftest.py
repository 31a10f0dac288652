"""A client of the run's Redis, and keys of this test's own."""

from collections.abc import AsyncIterator

import pytest

from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys


@pytest.fixture
def keys(key_prefix: str) -> Keys:
    return Keys(key_prefix)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[RedisClient]:
    async with RedisClient(redis_url, "fsync") as client:
        await client.open()
        yield client
