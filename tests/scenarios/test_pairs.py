"""Pairs over several bots: everything arrives, once, in order, to the right person, within the limits."""

import asyncio

import pytest

from tests.harness.network import running
from tests.harness.stage import breaches, complete, met

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(300)]


async def test_all_arrive_once_in_order_at_the_right_person() -> None:
    async with running(4) as network:
        pairs = await met(network, 24)
        await pairs.talk(messages=10, rate=1.0)
        await pairs.settled(60)
        verdict = pairs.evaluate()
    assert verdict.sent == 24 * 2 * 10
    assert verdict.across == 12
    assert complete(verdict)
    assert verdict.repeats == 0
    assert breaches(network) == 0


async def test_nothing_is_lost_when_each_process_is_killed_in_turn() -> None:
    async with running(4, coordinators=2) as network:
        pairs = await met(network, 16)
        talking = asyncio.ensure_future(pairs.talk(messages=18, rate=1.0))
        for bot in network.bots:
            await asyncio.sleep(2)
            name = f"shard:{bot}"
            network.kill(name)
            network.start_shard(bot)
        for number in (0, 1):
            await asyncio.sleep(1)
            network.kill(f"coordinator:{number}")
            network.start_coordinator(number)
        await asyncio.sleep(1)
        network.redis.kill()
        await network.redis.start()
        await talking
        await pairs.settled(90)
        verdict = pairs.evaluate()
    assert verdict.sent == 16 * 2 * 18
    assert complete(verdict)
    # At a kill at most one call a chat is under way.
    assert all(repeats <= 1 for repeats in pairs.repeats_by_member())
    assert breaches(network) == 0
