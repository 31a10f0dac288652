"""People while a store is away: who is known goes on."""

import asyncio
import signal
from pathlib import Path

import psutil
import pytest

from core.domain.ids import PersonId
from core.domain.person import Person
from core.state import people as layers
from core.state.postgres.migrate import migrate
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import DatabaseAway
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis
from tests.harness.waiting import until
from tests.integration.postgres.processes import (
    ANNA,
    BEN,
    BOT,
    FOR_GOOD,
    Start,
    banned,
    eventually,
    language_is,
)


async def test_known_people_go_on_while_postgresql_is_away(
    start: Start, own: EmbeddedPostgres, redis_url: str
) -> None:
    await migrate(own.url)
    process, newcomer = await start(own.url, redis_url), await start(own.url, redis_url)
    await process.listen()
    await newcomer.listen()
    await process.table._database.execute("DELETE FROM people")
    anna = await process.people.consent(ANNA, "de", BOT)
    own.kill()
    assert await newcomer.people.get(ANNA) == anna  # Redis knows
    for _ in range(3):
        process.clock.ahead += layers.TRUSTED_SECONDS + 1
        assert await process.people.get(ANNA) == anna
    with pytest.raises(DatabaseAway):
        await process.people.get(BEN)
    with pytest.raises(DatabaseAway):
        await process.people.get_many([ANNA, BEN])
    with pytest.raises(DatabaseAway):
        await process.people.ban(ANNA, FOR_GOOD, "spam")
    assert await process.people.language(BEN) is None
    await own.start()

    async def found() -> bool:
        """Just after its start the server may be slow to answer."""
        try:
            return await process.people.get(BEN) is None
        except DatabaseAway:
            return False

    await until(found, 20, "the server to answer")
    await process.table.ban(ANNA, FOR_GOOD, "spam")
    process.clock.ahead += layers.TRUSTED_SECONDS + 1
    assert await banned(process, ANNA)


async def test_while_postgresql_is_away_known_people_do_not_wait_for_it(
    start: Start, own: EmbeddedPostgres, redis_url: str
) -> None:
    await migrate(own.url)
    process = await start(own.url, redis_url)
    await process.listen()
    everybody = [PersonId(n) for n in range(1, 101)]
    for person in everybody:
        await process.people.consent(person, "en", BOT)
    own.kill()
    process.clock.ahead += layers.TRUSTED_SECONDS + 1
    asked = 0

    class Counted(PeopleTable):
        async def get_many(self, people: object) -> dict[PersonId, Person]:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0.05)  # long enough for all others to come by
            raise DatabaseAway("away")

    process.people._table = Counted(process.table._database)
    for person in everybody:
        assert await process.people.get(person)
    assert asked == 1
    process.clock.ahead += layers.TRUSTED_SECONDS + layers.REST_SECONDS
    await asyncio.gather(*(process.people.get(person) for person in everybody))
    assert asked == 2


async def test_postgresql_answers_alone_while_redis_is_away(
    start: Start, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("r")
    async with EmbeddedRedis(folder / "redis") as redis:
        process, other = await start(database_url, redis.url), await start(database_url, redis.url)
        await process.listen()
        await other.listen()
        assert await other.people.get(ANNA) is None
        redis.kill()
        await eventually(lambda: not process.people.hears)
        await process.people.consent(ANNA, "de", BOT)
        assert await process.people.language(ANNA) == "de"
        await eventually(lambda: language_is(other, "de"))
        await process.people.ban(ANNA, FOR_GOOD, "spam")
        await redis.start()
        await eventually(lambda: process.people.hears)

        async def told() -> bool:
            cached = (await process.cache.get_many([ANNA])).get(ANNA)
            return cached is not None and cached.row.banned(0)

        await eventually(told)
        await eventually(lambda: banned(other, ANNA))


async def test_a_channel_that_falls_silent_is_given_up(
    start: Start, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The server stands still: nothing is closed, nothing comes."""
    folder: Path = tmp_path_factory.mktemp("r")
    async with EmbeddedRedis(folder / "redis") as redis:
        process = await start(database_url, redis.url)
        await process.listen()
        server = psutil.Process(redis.pid)
        server.send_signal(signal.SIGSTOP)
        try:
            await eventually(lambda: not process.people.hears)
        finally:
            server.send_signal(signal.SIGCONT)
        await eventually(lambda: process.people.hears)
