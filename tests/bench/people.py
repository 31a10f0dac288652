"""`bench people`: a million people, looked up in memory, in Redis and in PostgreSQL; SQL a message needs."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from core.domain.ids import PersonId
from core.state.people import KEPT_PEOPLE, People
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.people_cache import PeopleCache
from tests.bench.load import UNLIMITED, Crowd, rates, staged
from tests.bench.report import Progress, Report, at_most, machine, middle, none_of, plain, quantile
from tests.bench.servers import postgres_server, redis_server
from tests.harness.network import Network
from tests.harness.waiting import until

PEOPLE = 1_000_000
BATCH = 100
STEP = 100_000


async def run(quick: bool, progress: Progress) -> Report:
    """Look-ups by layer, then a network's SQL statements and round trips a message."""
    rounds, messages = (60, 1_500) if quick else (500, 8_000)
    conditions = machine()
    async with (
        postgres_server() as postgres,
        redis_server() as redis,
        Database(postgres.url) as database,
        RedisClient(redis.url) as client,
    ):
        await _fill(database, progress)
        table, cache = PeopleTable(database), PeopleCache(client, Keys("bench:"))
        chance = random.Random(1)
        progress("looking up: PostgreSQL, batches of 100")
        sql_ms = await _timed(rounds, chance, table.get_many)
        progress("looking up: Redis, batches of 100")
        filled = [_batch(chance) for _ in range(rounds)]
        for batch in filled:
            # Whoever is looked up is left in Redis.
            await People(table, cache).get_many(batch)
        redis_ms = await _each(filled, cache.get_many)
        progress("looking up: memory")
        memory_us = await _memory(People(table, cache), chance, rounds)
    progress("starting a network of 2 bots for SQL and round trips a message")
    sql, trips, paced_trips = await _network(messages)
    conditions |= {"people": PEOPLE, "batch": BATCH, "rounds": rounds, "messages": messages}
    return Report(
        "people",
        conditions,
        (
            at_most("people.memory_us", memory_us, "us a look-up in memory, median", 2.0),
            none_of("people.sql_per_message", sql, "statements a message"),
            at_most("people.redis_ms", middle(redis_ms), "ms a batch of 100 from Redis, median", 2.0),
            at_most("people.sql_ms", middle(sql_ms), "ms a batch of 100 from PostgreSQL, median", 5.0),
            at_most("people.round_trips", trips, "round trips to Redis a message, with a backlog", 1.0),
            plain("people.round_trips_paced", paced_trips, "round trips to Redis a message, one by one"),
            plain("people.redis_p99_ms", quantile(redis_ms, 0.99), "ms"),
            plain("people.sql_p99_ms", quantile(sql_ms, 0.99), "ms"),
        ),
    )


async def _fill(database: Database, progress: Progress) -> None:
    for first in range(1, PEOPLE, STEP):
        await database.execute(
            """INSERT INTO people (id, language, consented_at, home_bot)
               SELECT n, 'en', now(), 1 FROM generate_series($1::bigint, $2::bigint) AS n""",
            first,
            first + STEP - 1,
        )
        progress(f"{first + STEP - 1:,} people in PostgreSQL")


async def _timed(
    rounds: int, chance: random.Random, ask: Callable[[list[PersonId]], Awaitable[object]]
) -> list[float]:
    return await _each([_batch(chance) for _ in range(rounds)], ask)


async def _each(
    batches: list[list[PersonId]], ask: Callable[[list[PersonId]], Awaitable[object]]
) -> list[float]:
    """Milliseconds of each."""
    times = []
    for batch in batches:
        begin = time.perf_counter()
        await ask(batch)
        times.append((time.perf_counter() - begin) * 1000)
    return times


async def _memory(people: People, chance: random.Random, rounds: int) -> float:
    """Microseconds a look-up of somebody whom this process knows; as many are known as it keeps."""
    known = [PersonId(n) for n in range(1, KEPT_PEOPLE + 1)]
    hearing = asyncio.create_task(people.run())
    try:
        await until(lambda: people.hears, 5, "changes to be heard")
        for first in range(0, KEPT_PEOPLE, 1_000):
            await people.get_many(known[first : first + 1_000])
        times = []
        for _ in range(rounds):
            batch = chance.sample(known, 1_000)
            begin = time.perf_counter()
            for person in batch:
                await people.get(person)
            times.append((time.perf_counter() - begin) * 1e6 / len(batch))
    finally:
        hearing.cancel()
        await asyncio.wait({hearing})
    return middle(times)


async def _network(messages: int) -> tuple[float, float, float]:
    """A message's SQL statements; its round trips to Redis with a backlog, and one by one (21 a second)."""
    async with staged(2, messages // 2, caps=UNLIMITED, send_rate=1000) as (network, crowd):
        # Once a minute a shard notes that it hears from Telegram; the first words to it bring that about.
        await _burst(network, crowd, 2 * len(network.bots))
        await asyncio.sleep(1.1)
        counts, before = [await _counts(network)], crowd.shown
        await _burst(network, crowd, messages)
        counts.append(await _counts(network))
        await asyncio.sleep(1.1)
        await _burst(network, crowd, messages)
        counts.append(await _counts(network))
        shown = crowd.shown
        await crowd.write(rates(network, 21.0), 4)
        await crowd.settled(5)
        counts.append(await _counts(network))
        paced = crowd.shown - shown
    return (
        (counts[3][0] - counts[0][0]) / (crowd.shown - before),
        (counts[2][1] - counts[1][1]) / messages,
        (counts[3][1] - counts[2][1]) / paced,
    )


async def _burst(network: Network, crowd: Crowd, messages: int) -> None:
    bots = network.bots
    for at in range(messages):
        crowd.one(bots[at % len(bots)])
    await crowd.settled(20)


async def _counts(network: Network) -> tuple[float, float]:
    sql = trips = 0.0
    for bot in network.bots:
        sql += await network.figure(f"shard:{bot}", "duologue_sql_statements_total")
        trips += await network.figure(f"shard:{bot}", "duologue_redis_round_trips_total")
    return sql, trips


def _batch(chance: random.Random) -> list[PersonId]:
    return [PersonId(chance.randint(1, PEOPLE)) for _ in range(BATCH)]
