"""Headroom, open and closed, and where a newcomer is sent."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coordinator.assignment.headroom import Policy, headroom, is_open
from core.domain.assignment import choose
from core.domain.fleet import BotState, DirectoryEntry, ShardReport
from core.domain.ids import BotId, Epoch

POLICY = Policy()
BOT = BotId(11)


def report(**figures: float) -> ShardReport:
    known = {"cap": 30.0} | figures
    return ShardReport(bot=BOT, epoch=Epoch(1), at=0, **known)  # type: ignore[arg-type]


def entry(
    bot: int, room: float = 10.0, state: BotState = BotState.ACTIVE, *, opened: bool = True
) -> DirectoryEntry:
    return DirectoryEntry(BotId(bot), f"bot{bot}", state, room, opened)


def test_an_idle_bot_has_what_its_target_allows() -> None:
    assert headroom(report(), 0, POLICY) == pytest.approx(30 * POLICY.target)


@pytest.mark.parametrize(
    ("busier", "waiting"),
    [(report(rate_out=5.0), 0), (report(backlog=50), 0), (report(), 50)],
)
def test_sending_a_backlog_and_people_who_wait_take_headroom(busier: ShardReport, waiting: int) -> None:
    assert headroom(busier, waiting, POLICY) == pytest.approx(30 * POLICY.target - 5.0)


def test_people_who_wait_take_what_people_here_are_measured_to_take() -> None:
    busy = report(conversations=40, rate_out=10.0)
    assert headroom(busy, 4, POLICY) == pytest.approx(30 * POLICY.target - 10.0 - 4 * 0.25)


@given(st.floats(0, 100), st.integers(0, 10_000), st.integers(0, 1_000))
def test_no_load_adds_headroom(rate: float, backlog: int, waiting: int) -> None:
    assert headroom(report(rate_out=rate, backlog=backlog), waiting, POLICY) <= headroom(report(), 0, POLICY)


@given(st.sampled_from(list(BotState)), st.floats(-10, 40), st.booleans())
def test_only_active_bots_take_newcomers(state: BotState, room: float, was_open: bool) -> None:
    assume(state is not BotState.ACTIVE)
    assert not is_open(state, room, 30.0, was_open=was_open, policy=POLICY)


def test_a_bot_that_closed_opens_again_only_with_clearly_more_headroom() -> None:
    rooms = [10.0, 2.0, 1.4, 2.0, 4.4, 4.6, 2.0]
    opened, history = False, []
    for room in rooms:
        opened = is_open(BotState.ACTIVE, room, 30.0, was_open=opened, policy=POLICY)
        history.append(opened)
    assert history == [True, True, False, False, False, True, True]


@given(st.lists(st.floats(-30, 30), min_size=2))
def test_small_moves_never_flap(rooms: list[float]) -> None:
    """Between two changes the headroom moved by at least the gap between closing and opening."""
    opened = True
    gap = 30.0 * (POLICY.open_above - POLICY.close_below)
    changes = []
    for room in rooms:
        now_open = is_open(BotState.ACTIVE, room, 30.0, was_open=opened, policy=POLICY)
        if now_open is not opened:
            changes.append(room)
        opened = now_open
    assert all(abs(a - b) >= gap - 1e-9 for a, b in pairwise(changes))


entries = st.lists(
    st.builds(
        entry,
        st.integers(1, 8),
        st.floats(-5, 30),
        st.sampled_from(list(BotState)),
        opened=st.booleans(),
    ),
    unique_by=lambda one: one.bot,
)


@given(entries, st.integers(1, 8).map(BotId), st.integers())
def test_a_choice_is_the_own_bot_or_an_open_one(bots: list[DirectoryEntry], own: BotId, seed: int) -> None:
    chosen = choose(bots, own, seed)
    assert chosen == choose(list(reversed(bots)), own, seed), "the order of the directory means nothing"
    known = {one.bot: one for one in bots}
    starting = (BotState.PENDING, BotState.WARMING, BotState.QUARANTINED)
    if own not in known or known[own].open or known[own].state in starting:
        assert chosen == own
    elif chosen != own:
        assert known[chosen].open
        assert known[chosen].headroom > 0
    else:
        assert not any(one.open and one.headroom > 0 for one in bots)


@given(entries, st.integers(1, 8).map(BotId), st.integers(), st.floats(1, 30))
def test_a_bot_that_joins_draws_people_only_to_itself(
    bots: list[DirectoryEntry], own: BotId, seed: int, room: float
) -> None:
    assume(any(one.bot == own for one in bots))
    before = choose(bots, own, seed)
    after = choose([*bots, entry(99, room)], own, seed)
    assert after in (before, 99)


def test_newcomers_spread_by_headroom() -> None:
    bots = [entry(1, 0.0, opened=False), entry(2, 10.0), entry(3, 20.0)]
    chosen = Counter(choose(bots, BotId(1), seed) for seed in range(6_000))
    assert set(chosen) == {2, 3}
    assert chosen[BotId(3)] / chosen[BotId(2)] == pytest.approx(2.0, rel=0.1)


def test_with_no_room_anywhere_one_stays() -> None:
    assert choose([entry(1, opened=False), entry(2, opened=False)], BotId(1), 7) == 1


def test_little_room_is_room_and_none_is_none() -> None:
    assert choose([entry(1, opened=False), entry(2, 0.5), entry(3, 0.0)], BotId(1), 7) == 2
    assert choose([entry(1, opened=False), entry(3, 0.0)], BotId(1), 7) == 1
