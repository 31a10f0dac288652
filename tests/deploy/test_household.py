"""A whole `duologue up` ends while people talk, in order and not, and the next one goes on."""

import asyncio
from pathlib import Path

import pytest

from simulator.app import Options
from simulator.app import running as running_simulator
from tests.harness.household import Household
from tests.harness.society import Society
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]

TO_END_SECONDS = 10.0


async def test_an_up_that_is_told_to_end_or_is_killed_loses_nothing(short_folder: Path) -> None:
    async with running_simulator(Options(port=0, bots=2)) as simulator:
        society = Society(simulator, seed=3)
        society.settle_in(8)
        household = Household(society=society, simulator=simulator, folder=short_folder / "home")
        living = asyncio.ensure_future(society.live(rate=1.0))
        ledger = society.ledger
        try:
            await household.start()
            await until(lambda: len(ledger.members) >= 4, 60, "people to meet")

            stopping = asyncio.ensure_future(household.stop())
            await until(lambda: "Stopped" in household.said(), TO_END_SECONDS, "all processes to end")
            assert await stopping == 0
            await household.start()
            assert ledger.evaluate().repeats == 0

            await household.again()
            society.hush()
            await living
            await until(lambda: not ledger.lost(), 60, "every text to be shown or answered")
        finally:
            living.cancel()
            await household.stop()
        assert household.unexpected == []
        assert ledger.inversions() == []
        assert ledger.repeats(household.ends).unexplained == []
