"""What may happen to PostgreSQL. The same is looked at each time, see `_outage`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg

from core.domain.ids import PersonId
from core.state.people import People
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database, DatabaseAway
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.people_cache import PeopleCache
from deploy.embedded import EmbeddedPostgres
from tests.harness.network import Network, running
from tests.harness.pairs import Member, Pairs
from tests.harness.postgres_sets import line_to, with_standby
from tests.harness.stage import breaches, met
from tests.harness.waiting import until
from tests.scenarios.stores.play import RATE, Seen, fill, own_folder, seen, small_disk

TRY_LATER = "try again in a minute"
BANNED = "You cannot use this network"
SHORT = 6.0
LONG = 60.0

_END_OURS = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE application_name = 'duologue'"""

Step = Callable[[], Awaitable[None]]


async def killed() -> Seen:
    """Away for six seconds."""
    async with running(2) as network:
        return await _killed(network, SHORT)


async def killed_a_minute() -> Seen:
    """Away for a minute."""
    async with running(2) as network:
        return await _killed(network, LONG)


async def _killed(network: Network, seconds: float) -> Seen:
    async def begin() -> None:
        network.postgres.kill()

    return await _outage(network, begin, network.postgres.start, seconds)


async def down_at_start() -> Seen:
    """Not there when everything starts: the processes wait, and serve when it is there."""
    async with running(2, wait=False) as network:
        network.postgres.kill()
        for name in list(network.processes):
            network.kill(name)
            network.start_again(name)
        names = [f"shard:{bot}" for bot in network.bots]
        await until(lambda: all("not serving yet" in network.log(n) for n in names), 30, "all to wait")
        await network.postgres.start()
        healed = time.monotonic()
        await network.serving()
        served = time.monotonic() - healed
        people = await met(network, 4)
        talking = asyncio.ensure_future(people.talk(messages=4, rate=RATE))
        again = await seen(network, people, talking, healed)
        return replace(again, again_s=served)


async def failover() -> Seen:
    """The primary dies and its standby takes its place; the URL names both."""
    async with with_standby() as servers, running(2, database_url=servers.url) as network:

        async def begin() -> None:
            await until(servers.caught_up, 20, "the standby to have everything")
            servers.primary.kill()

        return await _outage(network, begin, servers.standby.promote, SHORT)


async def slow() -> Seen:
    """Every answer takes three seconds, longer than a call may."""
    with own_folder() as folder:
        async with (
            EmbeddedPostgres(folder / "pg") as server,
            line_to(server) as line,
            running(2, database_url=line.url) as network,
        ):

            async def begin() -> None:
                line.delay = 3.0

            async def end() -> None:
                line.delay = 0.0

            return await _outage(network, begin, end, SHORT)


async def exhausted() -> Seen:
    """Others have taken every connection that it allows."""
    others: list[asyncpg.Connection] = []
    async with running(2, postgres_settings={"max_connections": "20"}) as network:

        async def begin() -> None:
            url = network.settings.database_url
            while True:
                try:
                    others.append(await asyncpg.connect(url, server_settings={"application_name": "others"}))
                except asyncpg.TooManyConnectionsError:
                    if not await others[0].fetchval(_END_OURS):
                        return

        async def end() -> None:
            for other in others:
                await other.close()

        return await _outage(network, begin, end, SHORT)


async def disk_full() -> Seen:
    """Its disk is full: it refuses what needs room, and may still take what finds some in its files."""
    with own_folder() as folder, small_disk(folder / "disk", 160) as disk:
        async with EmbeddedPostgres(disk / "pg") as server, running(2, database_url=server.url) as network:
            fillers: list[Path] = []

            async def begin() -> None:
                fillers.append(fill(disk))
                async with Database(server.url) as database:
                    await until(lambda: _refused(database), 60, "a write to be refused")

            async def end() -> None:
                fillers[0].unlink()
                await server.start()

            return await _outage(network, begin, end, SHORT, all_refused=False)


async def _refused(database: Database) -> bool:
    """Whether a write that needs room fails."""
    try:
        await database.execute(
            "CREATE TABLE IF NOT EXISTS heap AS SELECT repeat('x', 2000) FROM generate_series(1, 20000)"
        )
        await database.execute("INSERT INTO heap SELECT * FROM heap")
    except DatabaseAway:
        return True
    return False


async def _outage(
    network: Network, begin: Step, end: Step, seconds: float, *, all_refused: bool = True
) -> Seen:
    """People whom the network knows talk, leave and meet; newcomers are asked to wait; the banned stay out.

    A ban during the outage is there afterwards as a whole, or not at all.
    """
    people = await met(network, 4)
    strangers = Pairs(network.simulator)
    newcomer, banned = strangers.add(people.members[0].bot), strangers.add(people.members[0].bot)
    await strangers.join([banned])
    url, victim = network.settings.database_url or "", PersonId(1)
    async with Database(url) as database, RedisClient(network.settings.redis_url or "") as client:
        table = PeopleTable(database)
        cache = PeopleCache(client, Keys(network.settings.key_prefix))
        await People(table, cache).ban(PersonId(banned.person.id), float("inf"), "spam")
        await begin()
        talking = asyncio.ensure_future(people.talk(messages=max(4, round(seconds * RATE)), rate=RATE))
        network.simulator.world.people.open(newcomer.person, newcomer.bot)
        if all_refused:
            await until(lambda: newcomer.told(TRY_LATER), 30, "the newcomer to be asked to wait")
        strangers.say(banned, "/find")
        await until(lambda: banned.told(BANNED), 20, "who is banned to be refused")
        with suppress(DatabaseAway):
            await table.ban(victim, float("inf"), "spam")
        await talking
        await people.settled(30)
        verdict = people.evaluate()
        await _leave_and_meet(people)
        await end()
        healed = time.monotonic()
        await until(lambda: _taken_in(strangers, newcomer), 30, "the newcomer to be taken in")
        again = time.monotonic() - healed
        row = (await table.get_many([victim])).get(victim)
        assert row is None or (row.banned(0), row.ban_reason) == (True, "spam"), "half written"
    return Seen(
        *(verdict.sent, verdict.lost, verdict.misdelivered, verdict.inversions, verdict.repeats),
        *(again, breaches(network), network.ended()),
    )


async def _leave_and_meet(people: Pairs) -> None:
    """One of each of two pairs goes, and they meet each other."""
    a, b, c, d = people.members[:4]
    people.say(a, "/stop")
    people.say(c, "/next")
    await until(lambda: all(member.told("has left") for member in (b, d)), 20, "their partners to be told")
    people.say(a, "/find")
    await until(lambda: all(member.last_offers("menu:next") for member in (a, c)), 30, "two to meet")


def _taken_in(strangers: Pairs, newcomer: Member) -> bool:
    """Whether somebody new is; they try again and again."""
    if newcomer.last_offers("menu:find"):
        return True
    if newcomer.last_offers("consent:yes"):
        strangers.press(newcomer, "consent:yes")
    else:
        strangers.say(newcomer, "/start")
    return False


FAULTS: dict[str, Callable[[], Coroutine[Any, Any, Seen]]] = {
    "postgres-killed": killed,
    "postgres-killed-a-minute": killed_a_minute,
    "postgres-down-at-start": down_at_start,
    "postgres-failover": failover,
    "postgres-slow": slow,
    "postgres-exhausted": exhausted,
    "postgres-disk-full": disk_full,
}
