"""A part that lives through outages: tries again, says it once, ends on other errors."""

from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from core.domain.errors import RedisAway, StaleEpoch
from core.domain.ids import Epoch
from core.service.clock import SystemClock
from core.service.outages import LONGEST_PAUSE, SHORTEST_PAUSE, Outages


class Sleepless(SystemClock):
    """Time passes by sleeping alone."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def steps(*outcomes: float | Exception) -> Callable[[], Awaitable[float]]:
    left = iter(outcomes)

    async def step() -> float:
        outcome = next(left, StaleEpoch("coordinator", Epoch(1)))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return step


async def test_it_waits_longer_each_time_and_says_it_once() -> None:
    clock = Sleepless()
    outages = Outages(clock)
    with capture_logs() as logs, pytest.raises(StaleEpoch):
        await outages.live_through(steps(5.0, *[RedisAway("gone")] * 6, 7.0, RedisAway("gone")), RedisAway)
    assert clock.slept[0] == 5.0
    assert clock.slept[1:7] == pytest.approx([0.1, 0.2, 0.4, 0.8, LONGEST_PAUSE, LONGEST_PAUSE])
    assert clock.slept[7:] == [7.0, SHORTEST_PAUSE]
    assert [entry["log_level"] for entry in logs] == ["warning", "info", "warning"]
    assert logs[1]["seconds"] == 3.5


async def test_an_outage_is_said_once_by_all_parts_together() -> None:
    outages = Outages(Sleepless())
    with capture_logs() as logs:
        for _ in range(3):
            outages.away(RedisAway("gone"))
        assert outages.is_away(RedisAway)
        outages.back(RedisAway)
        outages.back(RedisAway)
    assert len(logs) == 2
    assert not outages.is_away(RedisAway)
