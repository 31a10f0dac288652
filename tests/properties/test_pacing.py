"""The budget's promise: no sliding second at Telegram holds more calls than the cap, whatever the jitter."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shard.outbound.pacing import Budget
from shard.outbound.rate import FLOOR, LearnedRate
from tests.unit.shard.virtual import LoopClock, VirtualLoop


async def _drive(
    cap: float, calls: int, seed: int, longest: float, refusals: float = 0.0
) -> tuple[list[float], float]:
    """Arrivals at Telegram when `calls` are made as fast as the budget lets them."""
    chance = random.Random(seed)
    budget = Budget(LoopClock(), cap)
    arrivals: list[float] = []

    async def call() -> None:
        slot = await budget.take(chance.randrange(3))
        latency = chance.random() ** 3 * longest
        arrives = chance.random() * latency
        await asyncio.sleep(arrives)
        arrivals.append(asyncio.get_running_loop().time())
        await asyncio.sleep(latency - arrives)
        if chance.random() < refusals:
            budget.rest(chance.random() * 5)
        budget.answered(slot)

    async with asyncio.TaskGroup() as group:
        run = group.create_task(budget.run())
        await asyncio.gather(*(call() for _ in range(calls)))
        run.cancel()
    return sorted(arrivals), asyncio.get_running_loop().time()


def drive(
    cap: float, calls: int, seed: int, longest: float, refusals: float = 0.0
) -> tuple[list[float], float]:
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_drive(cap, calls, seed, longest, refusals))
    finally:
        loop.close()


@settings(max_examples=60)
@given(
    st.sampled_from([0.5, 1.0, 5.0, 29.5, 30.0]),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.02, 0.5, 9.0]),
)
def test_no_sliding_second_holds_more_than_the_cap(cap: float, seed: int, longest: float) -> None:
    arrivals, _ = drive(cap, 200, seed, longest)
    assert len(arrivals) == 200
    size, window = max(1, int(cap)), max(1.0, 1 / cap)
    for first, after in zip(arrivals, arrivals[size:], strict=False):
        assert after - first > window


def test_the_cap_is_used_when_answers_are_quick() -> None:
    arrivals, _ = drive(30, 3_000, 1, 0.01)
    assert len(arrivals) / (arrivals[-1] - arrivals[0]) > 0.98 * 30


def test_a_waiter_that_gives_up_leaves_its_slot_to_others() -> None:
    async def scene() -> float:
        budget = Budget(LoopClock(), 1)
        run = asyncio.ensure_future(budget.run())
        slot = await budget.take(0)
        loser = asyncio.ensure_future(budget.take(0))
        winner = asyncio.ensure_future(budget.take(1))
        await asyncio.sleep(0.1)
        loser.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loser
        budget.answered(slot)
        await winner
        run.cancel()
        return asyncio.get_running_loop().time()

    loop = VirtualLoop()
    ended = loop.run_until_complete(scene())
    loop.close()
    assert 1.1 <= ended < 1.2


def test_interactive_goes_before_relayed_and_rest_holds_all() -> None:
    async def scene() -> list[tuple[str, float]]:
        budget = Budget(LoopClock(), 2)
        run = asyncio.ensure_future(budget.run())
        for _ in range(2):
            budget.answered(await budget.take(1))
        budget.rest(5)
        order: list[tuple[str, float]] = []

        async def one(name: str, priority: int) -> None:
            slot = await budget.take(priority)
            order.append((name, asyncio.get_running_loop().time()))
            budget.answered(slot)

        await asyncio.gather(one("broadcast", 2), one("relayed", 1), one("interactive", 0))
        run.cancel()
        return order

    loop = VirtualLoop()
    order = loop.run_until_complete(scene())
    loop.close()
    assert [name for name, _ in order] == ["interactive", "relayed", "broadcast"]
    assert order[0][1] >= 5


@given(st.floats(1, 1000), st.lists(st.floats(0, 30), max_size=20))
def test_the_learned_rate_falls_at_once_and_comes_back(ceiling: float, gaps: list[float]) -> None:
    rate, now = LearnedRate(ceiling), 100.0
    assert rate.at(now) == ceiling
    for gap in gaps:
        now += gap
        before = rate.at(now)
        rate.refused(now, now)
        assert rate.at(now) <= before
        assert rate.at(now) >= ceiling * FLOOR * 0.999
    assert rate.at(now + 4.1) == ceiling
