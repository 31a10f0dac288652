"""A simulator in this process, with a bot, a person and a clock that is moved by hand."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulator.app import Options, running
from simulator.clock import ManualClock
from simulator.limits.judge import Caps
from tests.simulator.stage import Stage


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def caps() -> Caps:
    """Limits that hold nobody; what tests the limits has its own."""
    return Caps(enforced=False)


@pytest.fixture
async def stage(clock: ManualClock, caps: Caps) -> AsyncIterator[Stage]:
    """Two bots, two people who have started both."""
    async with (
        running(Options(port=0, bots=2, page=False, caps=caps), clock) as simulator,
        aiohttp.ClientSession() as session,
    ):
        yield Stage(simulator, session, clock)
