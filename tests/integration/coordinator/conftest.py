import pytest

from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from tests.integration.coordinator.support import Network


@pytest.fixture
def network(client: RedisClient, keys: Keys) -> Network:
    return Network(client, keys)
