"""Each part can be away: what goes on meanwhile, and that all is well after."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from simulator.faults.rules import Kind, Rule
from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import breaches, complete, met, parted
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

TRY_LATER = "try again in a minute"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(2) as network:
        yield network


async def test_conversations_go_on_without_a_coordinator(network: Network) -> None:
    pairs = await met(network, 4)
    network.kill("coordinator:0")
    await pairs.talk(messages=3, rate=2.0)
    await pairs.settled(20)
    assert complete(pairs.evaluate())
    a, b = pairs.members[:2]
    pairs.say(a, "/stop")
    await until(lambda: b.told("has left"), 20, "the partner to hear of the end")
    newcomers = Pairs(network.simulator)
    one = newcomers.add(a.bot)
    await newcomers.join([one])
    newcomers.say(one, "/find")
    pairs.say(a, "/find")
    await until(lambda: one.told("Looking for a partner"), 20, "the search to be confirmed")
    network.start_coordinator(0)
    await until(lambda: one.last_offers("menu:next"), 30, "a partner once a coordinator is there again")
    await parted(pairs)
    await parted(newcomers)


async def test_known_people_go_on_without_postgresql(network: Network) -> None:
    pairs = await met(network, 3)
    a, b = pairs.members[:2]
    network.postgres.kill()
    await pairs.talk(messages=3, rate=2.0)
    await pairs.settled(20)
    assert complete(pairs.evaluate())
    pairs.say(a, "/stop")
    await until(lambda: b.told("has left"), 20, "the partner to hear of the end")
    pairs.say(a, "/start")
    await until(lambda: a.told("Good to see you again"), 20, "somebody known to be welcomed")
    newcomers = Pairs(network.simulator)
    one = newcomers.add(a.bot)
    network.simulator.world.people.open(one.person, one.bot)
    await until(lambda: one.told(TRY_LATER), 20, "the newcomer to be told to try again")
    c, d = pairs.members[2:4]
    pairs.say(c, "/next")
    pairs.say(a, "/find")
    await until(lambda: a.last_offers("menu:next") and c.last_offers("menu:next"), 30, "known people to meet")
    await network.postgres.start()
    await newcomers.join([one])
    await parted(pairs)
    assert d.told("has left")


async def test_nothing_is_lost_when_redis_is_killed(network: Network) -> None:
    pairs = await met(network, 6)
    talking = asyncio.ensure_future(pairs.talk(messages=8, rate=1.0))
    await until(lambda: pairs.shown() > 12, 20, "the talk to be under way")
    network.redis.kill()
    await asyncio.sleep(1)
    await network.redis.start()
    await talking
    await pairs.settled(40)
    verdict = pairs.evaluate()
    assert complete(verdict)
    assert verdict.repeats == 0
    assert network.ended() == {}
    await parted(pairs)


async def test_nothing_is_lost_while_telegram_is_away_or_breaks_its_answers(network: Network) -> None:
    pairs = await met(network, 6)
    faults = network.simulator.faults
    talking = asyncio.ensure_future(pairs.talk(messages=10, rate=1.0))
    await until(lambda: pairs.shown() > 6, 20, "the talk to be under way")
    faults.add(Rule(kind=Kind.SERVER_ERROR))
    await asyncio.sleep(2)
    faults.remove()
    for kind, methods in (
        (Kind.TOO_MANY, ("sendMessage",)),
        (Kind.DISGUISED, ("sendMessage",)),
        (Kind.RESET_BEFORE, ()),
        (Kind.DUPLICATE, ("getUpdates",)),
    ):
        faults.add(Rule(kind=kind, methods=methods, times=4, every=3, count=5))
    shown_twice = [
        faults.add(Rule(kind=kind, methods=("sendMessage",), times=3, every=5))
        for kind in (Kind.RESET_AFTER, Kind.TRUNCATED, Kind.CUT)
    ]
    await talking
    await pairs.settled(60)
    faults.remove()
    verdict = pairs.evaluate()
    assert complete(verdict)
    assert verdict.repeats <= sum(rule.hits for rule in shown_twice)
    assert network.ended() == {}
    await parted(pairs)
    assert breaches(network) == 0
