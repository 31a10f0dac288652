"""A token was replaced before its shard heard that the old one is refused: a whole shard."""

import asyncio

import pytest
from pydantic import SecretStr

from config.settings import Settings
from core.domain.errors import DuologueError
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.service.run import flatten
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from shard.app import run
from simulator.app import Options, running
from tests.harness.waiting import until

SECRET = "s" * 32


@pytest.mark.usefixtures("in_process")
async def test_the_new_token_is_served_at_the_next_start(
    database_url: str, redis_url: str, key_prefix: str
) -> None:
    async with (
        running(Options(port=0, bots=1)) as simulator,
        Database(database_url, size=1) as database,
        RedisClient(redis_url) as client,
    ):
        world, bots = simulator.world, Bots(database, TokenCipher(SECRET))
        bot = next(iter(world.bots.values()))
        here, fleet = BotId(bot.id), Fleet(client, Keys(key_prefix))
        await bots.add(here, bot.username, bot.token)
        settings = Settings(
            telegram_api_url=simulator.url,
            database_url=database_url,
            redis_url=redis_url,
            key_prefix=key_prefix,
            secret_key=SecretStr(SECRET),
        )

        async def answered() -> None:
            person = world.people.create()
            world.people.open(person, bot)
            await until(lambda: len(world.people.view(person, bot)) > 1, 60, "an answer")

        first = asyncio.create_task(run(settings, here, 0, asyncio.Event()))
        await answered()
        await bots.rotate(here, world.identity.token(bot.id, bot.generation + 1))
        world.revoke(bot)
        async with asyncio.timeout(60):
            await asyncio.wait((first,))
        (why,) = flatten(first.exception())  # type: ignore[arg-type]
        assert isinstance(why, DuologueError)
        row = await bots.get(here)
        assert (row.state, row.reason) == (BotState.PENDING, "")
        assert "has another token by now" in str(why)
        assert await fleet.served([here]) == set(), "the next process need not wait"
        stop = asyncio.Event()
        second = asyncio.create_task(run(settings, here, 0, stop))
        await answered()
        stop.set()
        await second
