"""Wall clocks that jump by an hour: of a shard, of the coordinator, of Redis. Nothing depends on them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.harness.clocks import ShiftedClock, ShiftedRedis, have_compiler
from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import breaches, complete, met, parted
from tests.harness.waiting import until

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not have_compiler(), reason="no C compiler for the clock that jumps"),
]

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Stage:
    network: Network
    redis: ShiftedClock
    process: ShiftedClock


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The clock of Redis can be set, and that of one shard and the coordinator."""
    servers: list[ShiftedRedis] = []

    def redis(folder: Path) -> ShiftedRedis:
        servers.append(ShiftedRedis(folder))
        return servers[0]

    clock = ShiftedClock(tmp_path_factory.mktemp("clock"))
    async with running(2, redis=redis) as network:
        for name in (f"shard:{network.bots[0]}", "coordinator:0"):
            network.environments[name] = clock.environment
            await network.stop(name)
            network.start_again(name)
        await network.serving()
        yield Stage(network, servers[0].clock, clock)


@pytest.mark.parametrize("whose", ["process", "redis"])
async def test_a_clock_may_jump_by_an_hour_and_back(stage: Stage, whose: str) -> None:
    network: Network = stage.network
    clock: ShiftedClock = getattr(stage, whose)
    pairs = await met(network, 6)
    talking = asyncio.ensure_future(pairs.talk(messages=12, rate=1.5))
    # From an hour ahead to an hour behind is a jump of two.
    for shift in (HOUR, -HOUR, 0):
        shown = pairs.shown()
        await until(lambda shown=shown: pairs.shown() > shown + 12, 30, "texts to be shown")  # type: ignore[misc]
        clock.set(shift)
    await talking
    await pairs.settled(40)
    verdict = pairs.evaluate()
    assert complete(verdict)
    assert verdict.repeats == 0
    assert network.ended() == {}
    await _meet_anew(pairs)
    assert breaches(network) == 0


async def test_who_lost_a_token_to_a_jump_of_redis_clock_writes_nothing_any_more(stage: Stage) -> None:
    """Redis' clock jumps ahead: every lease is over at once, and whoever stands by takes it, too early."""
    network = stage.network
    bot = network.bots[1]
    first, second = f"shard:{bot}", network.start_shard(bot, "second")
    await until(lambda: "not serving" in network.log(second), 30, "the second process to stand by")
    pairs = await met(network, 6)
    talking = asyncio.ensure_future(pairs.talk(messages=12, rate=1.5))
    await until(lambda: pairs.shown() > 12, 30, "the talk to be under way")
    for ahead in range(1, 20):
        if "epoch=" in network.log(second):
            break
        # Whoever looks first after the jump has it: the holder, who renews once a second, or the other.
        stage.redis.set(ahead * HOUR)
        await asyncio.sleep(0.3)
    await until(lambda: "epoch=" in network.log(second), 30, "the second process to serve")
    assert await network.end_of(first, 30) == 1
    assert "is no longer the newest, this process owns it no more" in network.log(first)

    async def counted() -> bool:
        return await network.figure(second, "duologue_stale_refused") >= 1

    await until(counted, 20, "what the first process wanted to write to be counted as refused")
    stage.redis.set(0)
    await talking
    await pairs.settled(40)
    assert complete(pairs.evaluate())
    assert max(pairs.repeats_by_member()) <= 1
    network.kill(second)
    network.kill(first)
    network.start_shard(bot)
    await parted(pairs)


async def test_a_token_is_served_again_soon_when_redis_clock_went_back_under_its_lease(stage: Stage) -> None:
    network = stage.network
    name = f"shard:{network.bots[1]}"
    pairs = await met(network, 2)
    network.freeze(name)
    stage.redis.set(-HOUR)
    network.thaw(name)
    network.kill(name)
    network.start_again(name)
    await pairs.talk(messages=2, rate=1.0)
    await pairs.settled(10)
    assert complete(pairs.evaluate())
    stage.redis.set(0)
    await parted(pairs)


async def _meet_anew(pairs: Pairs) -> None:
    """Who talked before finds somebody again."""
    await parted(pairs)
    for member in pairs.members:
        pairs.say(member, "/find")
    await until(lambda: all(m.last_offers("menu:next") for m in pairs.members), 60, "all to meet again")
    await parted(pairs)
