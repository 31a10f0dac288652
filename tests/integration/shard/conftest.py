from collections.abc import AsyncIterator

import pytest

from core.domain.ids import Epoch
from core.service import precedence
from core.service.clock import SystemClock
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from tests.integration.shard.house import HERE, PARTNER, RUDE, House


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a shard that runs in the tests' own process, which nothing takes forward again."""

    async def stay() -> None:
        pass

    monkeypatch.setattr(precedence, "step_back", stay)


@pytest.fixture
async def house(redis_url: str, key_prefix: str, database_url: str) -> AsyncIterator[House]:
    async def epoch(_: Epoch) -> Epoch:
        return Epoch(1)

    keys = Keys(key_prefix)
    async with RedisClient(redis_url) as client, Database(database_url, size=2) as database:
        lease = Lease.of_shard(client, SystemClock(), keys, HERE, "test")
        await lease.take(epoch)
        house = House(client, keys, database, lease)
        for person in (RUDE, PARTNER):
            await house.people.consent(person, "en", HERE)
        yield house
