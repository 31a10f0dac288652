"""A chat's pace and the token's budget, one step at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from shard.outbound.pacing import (
    CHAT_BURST,
    CHAT_INTERVAL,
    GROUPS,
    HOLD,
    PRESS,
    SECOND,
    Budget,
    ChatPace,
    Slot,
)
from tests.unit.shard.virtual import LoopClock, VirtualLoop

START = 100.0


def test_a_chat_takes_a_burst_and_then_one_in_each_interval() -> None:
    pace, went = ChatPace(), []
    now = START
    for _ in range(8):
        now = max(now, pace.ready_at())
        pace.answered(now)
        went.append(now - START)
    assert went[:CHAT_BURST] == [0.0] * CHAT_BURST
    assert went[CHAT_BURST:] == pytest.approx([CHAT_INTERVAL * n for n in range(1, 6)])


def test_a_chat_that_rests_has_one_message_then_and_no_burst() -> None:
    pace = ChatPace(interval=0.5, burst=3)
    pace.rest(START + 10)
    assert pace.ready_at() == START + 10
    pace.rest(START + 5)
    assert pace.ready_at() == START + 10, "the longer rest counts"
    pace.answered(START + 10)
    assert pace.ready_at() == START + 10.5


def test_a_chat_is_forgotten_when_it_has_its_whole_burst_again() -> None:
    pace = ChatPace(interval=1.0, burst=3)
    assert pace.full(START)
    pace.answered(START)
    assert not pace.full(START + 0.9)
    assert pace.full(START + 1.0)
    assert pace.ready_at() == START - 1.0


def within(cap: float, scene: Callable[[Budget], Awaitable[None]]) -> None:
    """A scene with a budget that hands out, in virtual time."""

    async def play() -> None:
        budget = Budget(LoopClock(), cap)
        running = asyncio.ensure_future(budget.run())
        await scene(budget)
        running.cancel()
        await asyncio.wait((running,))

    loop = VirtualLoop()
    try:
        loop.run_until_complete(asyncio.wait_for(play(), 10_000))
    finally:
        loop.close()


def now() -> float:
    return asyncio.get_running_loop().time()


async def quickly(budget: Budget, count: int) -> list[Slot]:
    """So many slots that nobody has to wait for."""
    began = now()
    slots = [await budget.take(0) for _ in range(count)]
    assert now() == began
    return slots


def test_what_is_in_use_is_under_way_or_answered_within_the_second() -> None:
    async def scene(budget: Budget) -> None:
        assert (budget.in_use, budget.spare, budget.rate) == (0, 1.0, 4.0)
        [slot] = await quickly(budget, 1)
        assert (budget.in_use, budget.spare) == (1, 0.75)
        await asyncio.sleep(0.5)
        budget.answered(slot)
        await asyncio.sleep(SECOND - 0.01)
        assert budget.in_use == 1
        await asyncio.sleep(0.02)
        assert budget.in_use == 0

    within(4, scene)


def test_a_slot_that_was_not_used_comes_back_after_its_second() -> None:
    async def scene(budget: Budget) -> None:
        [slot] = await quickly(budget, 1)
        budget.unused(slot)
        await budget.take(0)
        assert now() == pytest.approx(SECOND, abs=0.002)

    within(1, scene)


def test_below_one_a_second_the_only_slot_is_stretched() -> None:
    async def scene(budget: Budget) -> None:
        for _ in range(3):
            budget.answered(await budget.take(0))
        assert now() == pytest.approx(2 * SECOND / 0.25, abs=0.02)

    within(0.25, scene)


def test_who_waits_has_nothing_to_spare_and_the_more_urgent_goes_first() -> None:
    async def scene(budget: Budget) -> None:
        slots = await quickly(budget, 2)
        order: list[str] = []

        async def one(name: str, priority: int) -> None:
            slot = await budget.take(priority)
            order.append(name)
            budget.unused(slot)

        waiting = [asyncio.ensure_future(one(*who)) for who in (("later", 2), ("sooner", 1), ("second", 1))]
        await asyncio.sleep(0)
        assert budget.spare == 0.0
        for slot in slots:
            budget.answered(slot)
        await asyncio.gather(*waiting)
        assert order == ["sooner", "second", "later"]

    within(2, scene)


def test_a_rest_is_the_longest_that_was_told() -> None:
    async def scene(budget: Budget) -> None:
        assert not budget.resting
        budget.rest(5)
        budget.rest(2)
        assert budget.resting
        await budget.take(0)
        assert now() == pytest.approx(5.0)
        assert not budget.resting
        assert budget.rate < 30

    within(30, scene)


def test_a_lower_rate_takes_slots_away_and_a_higher_one_gives_them_back() -> None:
    async def scene(budget: Budget) -> None:
        slots = await quickly(budget, 10)
        for _ in range(12):
            # Each a new event, at the moment from which it may go on.
            budget.rest(0.001)
            await asyncio.sleep(0.001)
        low = int(budget.rate)
        assert low < 10
        for slot in slots:
            budget.answered(slot)
        while budget.in_use:
            await asyncio.sleep(0.05)
        held = [await budget.take(0)]
        assert budget.spare == pytest.approx(1 - 1 / max(low, int(budget.rate)))
        await asyncio.sleep(900)
        assert budget.rate == 10
        for slot in held:
            budget.answered(slot)
        budget.answered(await budget.take(0))
        await asyncio.sleep(2)
        await quickly(budget, 10)

    within(10, scene)


@pytest.mark.parametrize("cap", [6, 30])
def test_many_who_wait_are_served_in_groups_that_follow_each_other(cap: int) -> None:
    async def scene(budget: Budget) -> None:
        times: list[float] = []

        async def one() -> None:
            slot = await budget.take(0)
            times.append(now())
            budget.answered(slot)

        await asyncio.gather(*(one() for _ in range(3 * cap)))
        group = cap // GROUPS
        begun = sorted({round(at, 6) for at in times})
        gaps = [after - before for before, after in pairwise(begun)]
        assert max(times.count(at) for at in set(times)) == group
        assert min(gaps) >= group / (cap * PRESS) - HOLD
        assert 3 * cap / (times[-1] + SECOND) <= cap

    within(cap, scene)


def test_a_slot_that_is_ready_is_given_at_once_to_who_comes_when_nobody_waits() -> None:
    """Without a turn of the loop for it: nothing hands out here."""

    async def scene() -> None:
        budget = Budget(LoopClock(), 4)
        assert budget.cap == 4
        async with asyncio.timeout(1):
            await budget.take(0)

    loop = VirtualLoop()
    loop.run_until_complete(scene())
    loop.close()


def test_the_slot_of_who_gives_up_behind_another_is_back_after_its_second() -> None:
    cap = 2 * GROUPS

    async def scene(budget: Budget) -> None:
        for slot in await quickly(budget, cap):
            budget.answered(slot)
        waiting = [asyncio.ensure_future(budget.take(priority)) for priority in (0, 1)]
        await asyncio.sleep(SECOND / 2)
        waiting[1].cancel()
        await waiting[0]
        began = now()
        for _ in range(cap - 1):
            await budget.take(0)
        assert now() == pytest.approx(began + SECOND, abs=0.01)

    within(cap, scene)


def test_a_slot_that_was_just_given_to_who_gives_up_is_back_after_its_second() -> None:
    cap = 2 * GROUPS

    async def scene(budget: Budget) -> None:
        for slot in await quickly(budget, cap):
            budget.answered(slot)

        async def first() -> None:
            await budget.take(0)
            second.cancel()  # it was given one in the same moment, and has not had its turn yet

        one = asyncio.ensure_future(first())
        second = asyncio.ensure_future(budget.take(1))
        await one
        with pytest.raises(asyncio.CancelledError):
            await second
        began = now()
        for _ in range(cap - 1):
            await budget.take(0)
        assert now() == pytest.approx(began + SECOND, abs=0.01)

    within(cap, scene)


class Crowd:
    """Calls of one message each, which all wait from the same moment; `given` is when they got their slot."""

    def __init__(self, budget: Budget, count: int) -> None:
        self._budget = budget
        self._count = count
        self.given: list[float] = []
        self.tasks: list[asyncio.Task[None]] = []

    def waits(self) -> None:
        self.tasks = [asyncio.create_task(self._one(self._budget.later(0))) for _ in range(self._count)]

    async def _one(self, waiting: asyncio.Future[Slot]) -> None:
        slot = await waiting
        self.given.append(now())
        await asyncio.sleep(0.05)
        self._budget.answered(slot)


async def lowest(budget: Budget) -> None:
    """Telegram refuses until the rate is as low as it goes, and then the limit is believed."""
    slots = []
    while int(budget.rate) > budget.fewest or budget.rate > budget.cap / 3 + 0.01:
        slots.append(await budget.take(0))
        await asyncio.sleep(0.01)
        budget.rest(0.001)
        budget.answered(slots.pop())


@pytest.mark.parametrize("cap", [1, 2, 5, 10, 20, 29, 30, 100])
def test_the_most_that_a_call_may_count_as_is_had_at_the_lowest_rate_too(cap: int) -> None:
    """Those who wait take every slot that comes back, and nobody asks whether one is free."""

    async def scene(budget: Budget) -> None:
        await lowest(budget)

        async def others() -> None:
            while True:
                slot = await budget.later(1)
                await asyncio.sleep(0.05)
                budget.answered(slot)

        crowd = [asyncio.ensure_future(others()) for _ in range(64)]
        async with asyncio.timeout(60):
            for slot in await budget.take_many(1, budget.fewest):
                budget.answered(slot)
        for other in crowd:
            other.cancel()
        await asyncio.wait(crowd)

    within(cap, scene)


def test_what_a_call_of_many_still_lacks_goes_before_all_who_wait() -> None:
    async def scene(budget: Budget) -> None:
        before, behind = Crowd(budget, 100), Crowd(budget, 100)
        before.waits()
        many = asyncio.ensure_future(budget.take_many(0, 10))
        await asyncio.sleep(0)
        behind.waits()
        slots = await many
        assert len({id(slot) for slot in slots}) == 10
        gathered = now() - max(before.given)
        assert gathered < 2 * 10 / budget.cap, "as long as ten take that nobody else wants"
        assert set(behind.given) <= {min(behind.given), now()}, "only in the groups of its first and its last"
        for slot in slots:
            budget.answered(slot)
        await asyncio.gather(*before.tasks, *behind.tasks)

    within(30, scene)


def test_a_call_of_many_that_lets_another_gather_keeps_its_place() -> None:
    async def scene(budget: Budget) -> None:
        before, behind = Crowd(budget, 30), Crowd(budget, 100)
        before.waits()

        async def many() -> None:
            for slot in await budget.take_many(0, 10):
                budget.answered(slot)

        calls = [asyncio.ensure_future(many()) for _ in range(3)]
        await asyncio.sleep(0)
        behind.waits()
        await asyncio.gather(*calls)
        assert len(behind.given) < 3 * 2 * budget.cap // GROUPS, "only in the groups of a first and a last"
        await asyncio.gather(*before.tasks, *behind.tasks)

    within(30, scene)


@pytest.mark.parametrize("after", [0.0, 0.1, 0.5, SECOND])
def test_the_slots_of_a_call_of_many_that_is_given_up_are_back(after: float) -> None:
    async def scene(budget: Budget) -> None:
        for slot in await quickly(budget, 2):
            budget.answered(slot)
        many = asyncio.ensure_future(budget.take_many(0, 4))
        await asyncio.sleep(after)
        many.cancel()
        with pytest.raises(asyncio.CancelledError):
            await many
        await asyncio.sleep(2 * SECOND)
        assert budget.in_use == 0
        await quickly(budget, 4)

    within(4, scene)
