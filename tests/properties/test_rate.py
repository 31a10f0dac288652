"""What the budget learns of a token's real limit, from a Telegram that holds calls and refuses them."""

import asyncio
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shard.outbound.pacing import Budget
from shard.outbound.rate import BACK_SECONDS, FLOOR, QUIET, TRUST_MOST, LearnedRate
from tests.unit.shard.virtual import LoopClock, VirtualLoop

CAP = 30.0


class Telegram:
    """`limit` calls in a sliding second; others are held, up to `hold` seconds, and refused beyond that."""

    def __init__(self, limit: int, hold: float, latency: float = 0.02) -> None:
        self.limit = limit
        self.hold = hold
        self.latency = latency
        self.refusals = 0
        self._done: deque[float] = deque()

    async def call(self) -> float:
        """Carried out, perhaps later; the seconds to wait where it was refused."""
        now = asyncio.get_running_loop().time()
        while self._done and self._done[0] <= now - 1:
            self._done.popleft()
        at = now if len(self._done) < self.limit else self._done[-self.limit] + 1
        if at - now > self.hold:
            self.refusals += 1
            await asyncio.sleep(self.latency)
            return 3.0
        self._done.append(at)
        await asyncio.sleep(at - now + self.latency)
        return 0.0


def rates(telegram: Telegram, *scenes: tuple[int, float, float]) -> list[list[float]]:
    """The rate in each second of the scenes: limit, what every call takes, and how long it is so."""

    async def play() -> list[list[float]]:
        budget = Budget(LoopClock(), CAP)
        running = asyncio.ensure_future(budget.run())

        async def sender() -> None:
            while True:
                slot = await budget.take(1)
                wait = await telegram.call()
                if wait:
                    budget.rest(wait)
                budget.answered(slot)

        # More than slots: somebody always waits.
        senders = [asyncio.ensure_future(sender()) for _ in range(35)]
        seen: list[list[float]] = []
        for limit, latency, length in scenes:
            telegram.limit, telegram.latency = limit, latency
            seen.append([])
            for _ in range(int(length)):
                await asyncio.sleep(1)
                seen[-1].append(budget.rate)
        for task in [running, *senders]:
            task.cancel()
        await asyncio.gather(running, *senders, return_exceptions=True)
        return seen

    loop = VirtualLoop()
    try:
        return loop.run_until_complete(play())
    finally:
        loop.close()


@pytest.mark.parametrize(
    ("limit", "hold"), [(12, 8.0), (20, 8.0), (25, 8.0), (20, 0.0)], ids=["12", "20", "25", "20, refuses"]
)
def test_a_lower_limit_is_learned(limit: int, hold: float) -> None:
    before, low = rates(Telegram(30, hold), (30, 0.02, 10), (limit, 0.02, 100))
    assert set(before) == {CAP}
    assert min(low) >= CAP * FLOOR
    settled = low[30:]
    assert sum(limit * 0.8 <= rate <= limit * 1.3 for rate in settled) > 0.8 * len(settled)


def test_a_limit_that_is_gone_is_forgotten_slowly() -> None:
    telegram = Telegram(30, 0.0)
    _, low, free = rates(telegram, (30, 0.02, 10), (20, 0.02, 40), (30, 0.02, 200))
    refusals = telegram.refusals
    assert low[-1] <= 20
    assert free[5] <= 20
    assert low[-1] < free[100] < free[-1]
    assert max(after - one for one, after in pairwise(free)) < 0.2
    assert telegram.refusals == refusals


def test_a_telegram_that_is_just_slow_teaches_nothing() -> None:
    before, slow, after = rates(Telegram(30, 8), (30, 0.02, 20), (30, 0.6, 60), (30, 0.02, 30))
    assert set(before) == {CAP}
    assert slow[30:] == [CAP] * 30
    assert after[10:] == [CAP] * 20


def test_a_short_spell_of_slow_calls_changes_nothing() -> None:
    _, slow, after = rates(Telegram(30, 8), (30, 0.02, 20), (30, 1.5, 3), (30, 0.02, 20))
    assert {*slow, *after} == {CAP}


def test_refusals_of_calls_under_way_are_one() -> None:
    rate = LearnedRate(CAP)
    for _ in range(30):
        rate.refused(10.0, 13.0)
    assert rate.at(13.0) == pytest.approx(CAP * 0.85)
    assert rate.at(13.0 + QUIET + BACK_SECONDS) == CAP


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans(), st.floats(0, 3)), max_size=60))
def test_it_stays_between_the_floor_and_the_ceiling(events: list[tuple[float, bool, float]]) -> None:
    rate, now = LearnedRate(CAP), 100.0
    for gap, is_refusal, took in events:
        now += gap
        if is_refusal:
            rate.refused(now, now + took)
        else:
            rate.answered(now, took)
        assert CAP * FLOOR <= rate.at(now) <= CAP
    assert rate.at(now + TRUST_MOST + 400) == CAP
