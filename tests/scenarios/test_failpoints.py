"""A process dies at named places of the code, in the middle of what must not be half done."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from core.service.failpoints import NAMES
from core.state.redis.keys import Keys
from tests.harness.ledger import End
from tests.harness.network import Network, running
from tests.harness.scan import Scanner
from tests.harness.society import Society
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

ROUNDS = (
    ("after_poll", "after_read"),
    ("after_append", "after_send"),
    ("before_confirm", "before_acknowledge"),
    ("mid_end", "mid_carry"),
    ("mid_match",),
)
_ELSEWHERE = ("mid_move", "mid_ban")
"""Have rounds of their own, with a bot that is gone and with an admin: test_moves, test_admins."""
_OF_COORDINATOR = ("mid_match",)
_PASS = 3
"""It dies the third time: something of it has gone well before."""


@dataclass(slots=True)
class Stage:
    network: Network
    society: Society
    scanner: Scanner
    ends: dict[str, End] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with running(2) as network:
        society = Society(network.simulator, seed=7)
        society.settle_in(12)
        people = [citizen.person.id for citizen in society.citizens]
        scanner = Scanner(Keys(network.settings.key_prefix), people, network.bots)
        living = asyncio.ensure_future(society.live(1.0))
        watching = asyncio.ensure_future(scanner.watch(network.settings.redis_url or ""))
        await until(lambda: len(society.ledger.members) >= 8, 60, "people to meet")
        yield Stage(network, society, scanner)
        society.hush()
        await living
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_every_named_place_has_its_round() -> None:
    assert sorted([*_ELSEWHERE, *(point for points in ROUNDS for point in points)]) == sorted(NAMES)


@pytest.mark.parametrize("points", ROUNDS, ids="+".join)
async def test_a_death_at_a_named_place_loses_nothing(stage: Stage, points: tuple[str, ...]) -> None:
    network, society = stage.network, stage.society
    names = []
    for bot, point in zip(network.bots, points, strict=False):
        name = "coordinator:0" if point in _OF_COORDINATOR else f"shard:{bot}"
        assert await network.stop(name) == 0 or name.startswith("coordinator")
        network.start_again(name, failpoints=((point, _PASS),))
        names.append(name)

    async def begins_anew(name: str) -> None:
        assert await network.end_of(name, 40) == -9
        stage.ends[network.lives[name]] = End(time.monotonic())
        network.kill(name)
        network.start_again(name)

    await asyncio.gather(*map(begins_anew, names))
    died = time.monotonic()
    await until(lambda: min(society.last_shown.values()) > died + 0.5, 30, "all bots to serve again")
    await until(lambda: society.meetings[-1] > died + 0.5, 30, "people to meet again")
    ledger = society.ledger
    await until(lambda: not ledger.lost(before=died), 30, "every text to be shown or answered")
    society.learn(stage.scanner.conversations)
    assert stage.scanner.broken == []
    assert ledger.strayed() == []
    assert ledger.inversions() == []
    assert ledger.repeats(stage.ends).unexplained == []
    assert network.ended() == {}
