"""Coordinators as processes: one leads, one stands by, whatever happens to them and to the stores."""

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

from core.domain.conversation import Phase
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from deploy.embedded import EmbeddedRedis
from tests.integration.coordinator.processes import PROGRAM, Coordinator, Start
from tests.integration.coordinator.support import Network, eventually


async def pair(start: Start) -> tuple[Coordinator, Coordinator]:
    """A leader and a standby."""
    leader = await start()
    await eventually(leader.leads)
    standby = await start()
    await eventually(standby.stands_by)
    return leader, standby


async def test_one_leads_and_the_other_takes_over_from_a_killed_one(start: Start, network: Network) -> None:
    leader, standby = await pair(start)
    leader.send(signal.SIGKILL)
    await eventually(standby.leads)
    await network.find(1, 2)
    await eventually(lambda: network.chatting(1, 2))


async def test_a_leader_that_is_told_to_end_hands_over(start: Start) -> None:
    leader, standby = await pair(start)
    leader.send(signal.SIGTERM)
    assert await leader.process.wait() == 0
    await eventually(standby.leads)


async def test_a_standby_ends_without_disturbing_the_leader(start: Start) -> None:
    leader, standby = await pair(start)
    before = await leader.page("readyz")
    standby.send(signal.SIGTERM)
    assert await standby.process.wait() == 0
    assert await leader.page("readyz") == before


async def test_a_frozen_leader_finds_itself_a_standby(start: Start, network: Network) -> None:
    """Frozen beyond its lease; when it thaws it changes nothing any more, and lives on."""
    leader, standby = await pair(start)
    leader.send(signal.SIGSTOP)
    await eventually(standby.leads)
    leader.send(signal.SIGCONT)
    await eventually(leader.stands_by)
    await network.find(1, 2)
    await eventually(lambda: network.chatting(1, 2))
    assert leader.process.returncode is None
    standby.send(signal.SIGKILL)
    await eventually(leader.leads)


async def test_people_who_waited_while_nobody_led_are_matched(start: Start, network: Network) -> None:
    await network.find(*range(1, 41))
    leader = await start()
    await eventually(lambda: network.chatting(*range(1, 41)))
    await eventually(leader.leads)


async def test_redis_away_is_waited_for(start: Start, short_folder: Path, key_prefix: str) -> None:
    async with EmbeddedRedis(short_folder / "redis") as server:
        leader = await start(DUOLOGUE_REDIS_URL=server.url)
        await eventually(leader.leads)
        server.kill()
        await eventually(lambda: leader.says("leads no more until Redis answers", status=503))
        assert (await leader.page("healthz"))[0] == 200
        await server.start()
        await eventually(leader.leads)
        async with RedisClient(server.url, "fsync") as client:
            network = Network(client, Keys(key_prefix))
            await network.find(1, 2)
            await eventually(lambda: network.chatting(1, 2))
        assert leader.log.read_text().count("waiting for a store that is away") == 1


async def test_a_redis_that_lost_everything_is_led_again(
    start: Start, short_folder: Path, key_prefix: str
) -> None:
    async with EmbeddedRedis(short_folder / "redis") as server, RedisClient(server.url, "fsync") as client:
        leader = await start(DUOLOGUE_REDIS_URL=server.url)
        await eventually(leader.leads)
        await client.command("FLUSHALL")
        network = Network(client, Keys(key_prefix))
        await network.find(1, 2)
        await eventually(lambda: network.chatting(1, 2))
        (standing, _) = await network.conversations.standings(
            [await network.partner(2), await network.partner(1)]
        )
        assert standing.conversation >> 32 > 1, "a new leadership has new conversation ids"


async def test_a_leader_waits_for_the_disk_where_redis_writes_it_every_second(
    start: Start, short_folder: Path, key_prefix: str
) -> None:
    async with (
        EmbeddedRedis(short_folder / "redis", {"appendfsync": "everysec"}) as server,
        RedisClient(server.url, "fast") as client,
    ):

        async def waits() -> int:
            told = (await client.command("INFO", "commandstats")).decode()
            return sum(int(calls) for calls in re.findall(r"cmdstat_waitaof:calls=(\d+)", told))

        leader = await start(DUOLOGUE_REDIS_URL=server.url)
        await eventually(leader.leads)
        taken = await waits()
        assert taken > 0, "nobody but the leader asks for it"

        async def more() -> bool:
            return await waits() > taken

        await eventually(more)


async def test_one_without_postgresql_waits_and_stands_by(start: Start, network: Network) -> None:
    """Redis alone is not enough for an epoch; it says so, and another may lead."""
    nowhere = "postgresql://nobody@localhost:1/nothing"
    waiting = await start(DUOLOGUE_DATABASE_URL=nowhere)
    await eventually(lambda: waiting.says("has not reached", status=503))
    await network.find(1, 2)
    other = await start()
    await eventually(other.leads)
    await eventually(lambda: network.chatting(1, 2))
    await eventually(waiting.stands_by)
    assert "PostgreSQL" in waiting.log.read_text()


async def test_a_busy_port_is_one_clear_line(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, str(taken.getsockname()[1])),
            env=os.environ
            | {
                "DUOLOGUE_DATABASE_URL": "postgresql://x@localhost/x",
                "DUOLOGUE_REDIS_URL": "redis://localhost",
            },
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"Traceback" not in errors
    assert b"cannot be used" in errors


async def test_a_coordinator_without_its_stores_says_what_to_set() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, "0"), env=clean, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"Traceback" not in errors
    assert b"DUOLOGUE_REDIS_URL" in errors


async def test_the_metrics_tell_who_leads(start: Start, network: Network) -> None:
    leader, standby = await pair(start)
    await network.find(1, 2, 3)
    await eventually(lambda: network.chatting(1, 2))
    assert await network.phases(3) == [Phase.WAITING]

    async def counted() -> bool:
        _, figures = await leader.page("metrics")
        return {
            "duologue_coordinator_leads 1.0",
            "duologue_matches_total 1.0",
            "duologue_waiting_people 1.0",
        } <= set(figures.splitlines())

    await eventually(counted)
    assert "duologue_coordinator_leads 0.0" in (await standby.page("metrics"))[1].splitlines()
