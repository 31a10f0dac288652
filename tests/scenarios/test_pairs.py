"""Pairs over several bots: everything arrives, once, in order, to the right person, within the limits."""

import asyncio

import pytest

from tests.harness.network import Network, running
from tests.harness.pairs import Member, Pairs

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(300)]


async def _pairs(network: Network, count: int) -> Pairs:
    """So many pairs who have met, every other one across two bots."""
    bots = list(network.simulator.world.bots.values())
    pairs = Pairs(network.simulator)
    couples: list[tuple[Member, Member]] = []
    for at in range(count):
        home = bots[at % len(bots)]
        other = home if at % 2 else bots[(at + 1) % len(bots)]
        couples.append((pairs.add(home), pairs.add(other)))
    await pairs.join(pairs.members)
    for a, b in couples:
        await pairs.meet(a, b)
    return pairs


def _breaches(network: Network) -> int:
    totals = network.simulator.control.report()["totals"]
    return int(totals["bot_breaches"] + totals["chat_breaches"])


async def test_all_arrive_once_in_order_at_the_right_person() -> None:
    async with running(4) as network:
        pairs = await _pairs(network, 24)
        await pairs.talk(messages=10, rate=1.0)
        await pairs.settled(60)
        verdict = pairs.evaluate()
    assert verdict.sent == 24 * 2 * 10
    assert verdict.across == 12
    assert (verdict.lost, verdict.repeats, verdict.inversions, verdict.misdelivered) == (0, 0, 0, 0)
    assert _breaches(network) == 0


async def test_nothing_is_lost_when_each_process_is_killed_in_turn() -> None:
    async with running(4, coordinators=2) as network:
        pairs = await _pairs(network, 16)
        talking = asyncio.ensure_future(pairs.talk(messages=24, rate=1.0))
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
        counted = sum(
            [await network.figure(f"shard:{bot}", "duologue_repeats_total") for bot in network.bots]
        )
    assert verdict.sent == 16 * 2 * 24
    assert (verdict.lost, verdict.inversions, verdict.misdelivered) == (0, 0, 0)
    assert verdict.repeats <= counted
    assert _breaches(network) == 0
