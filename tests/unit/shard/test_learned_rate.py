"""What one refusal, one slow window or the next one does to the rate, in numbers."""

import pytest

from shard.outbound.rate import (
    BACK_SECONDS,
    DOWN,
    FLOOR,
    GAP,
    HELD,
    MEMORY,
    QUIET,
    SLOW_CLIMB,
    TRUST_FIRST,
    TRUST_MOST,
    WINDOW,
    LearnedRate,
)

CEILING = 30.0
USUAL = 0.02
START = 1000.0


def answers(
    rate: LearnedRate, start: float, seconds: float, took: float = USUAL, every: float = 0.05
) -> float:
    """Calls answered one after the other for so long; the moment of the last."""
    count = round(seconds / every)
    for number in range(count + 1):
        rate.answered(start + number * every, took)
    return start + count * every


def meets(rate: LearnedRate, now: float) -> float:
    """A refusal while the token is busy; the rate after it, at its lowest."""
    answers(rate, now - 0.5, 0.4)
    rate.refused(now, now + 3)
    return rate.at(now + 3)


def test_a_first_refusal_is_forgotten_soon() -> None:
    rate = LearnedRate(CEILING)
    assert rate.at(START) == CEILING
    assert meets(rate, START) == CEILING * DOWN
    over = START + 3 + QUIET
    assert rate.at(over) == CEILING * DOWN
    assert rate.at(over + BACK_SECONDS / 2) == pytest.approx(CEILING * (1 + DOWN) / 2)
    assert rate.at(over + BACK_SECONDS) == pytest.approx(CEILING)
    assert rate.at(over + BACK_SECONDS + 50) == CEILING, "and no higher"


def test_one_met_again_is_believed_for_longer_each_time() -> None:
    rate, now, expected = LearnedRate(CEILING), START, TRUST_FIRST
    meets(rate, now)
    for _ in range(8):
        now += 3.0
        low = meets(rate, now)
        trusted = now + 3 + QUIET + expected
        assert rate.at(trusted) == pytest.approx(low)
        assert rate.at(trusted + 10) == pytest.approx(low + 10 * SLOW_CLIMB * CEILING)
        now = trusted
        expected = min(TRUST_MOST, 2 * expected)
    assert expected == TRUST_MOST


@pytest.mark.parametrize(("later", "again"), [(MEMORY - 0.5, True), (MEMORY, False), (MEMORY + 0.5, False)])
def test_it_is_the_same_limit_for_some_time_only(later: float, again: bool) -> None:
    rate = LearnedRate(CEILING)
    meets(rate, START)
    now = START + 3 + later
    low = meets(rate, now)
    believed = rate.at(now + 3 + QUIET + BACK_SECONDS) == pytest.approx(low)
    assert believed == again
    third = now + 3 + (TRUST_FIRST if again else 0.0) + later
    low = meets(rate, third)
    believed = rate.at(third + 3 + QUIET + BACK_SECONDS) == pytest.approx(low)
    assert believed == again


@pytest.mark.parametrize(("silent", "learns"), [(GAP - 0.1, True), (GAP, False), (GAP + 0.1, False)])
def test_only_a_busy_token_learns(silent: float, learns: bool) -> None:
    rate = LearnedRate(CEILING)
    meets(rate, START)
    last = answers(rate, START + 10, 1.0)
    rate.refused(last + silent, last + silent + 3)
    low = rate.at(last + silent + 3)
    assert low == pytest.approx(CEILING * DOWN)
    believed = rate.at(last + silent + 3 + QUIET + BACK_SECONDS) == pytest.approx(low)
    assert believed == learns


def test_refusals_before_it_may_go_on_are_the_same_one_and_may_last_longer() -> None:
    rate = LearnedRate(CEILING)
    rate.refused(START, START + 3)
    rate.refused(START + 1, START + 20)
    rate.refused(START + 2, START + 4)
    assert rate.at(START + 20 + QUIET) == CEILING * DOWN
    assert rate.at(START + 20 + QUIET + 0.1) > CEILING * DOWN
    rate.refused(START + 20, START + 23)
    assert rate.at(START + 23) == pytest.approx(CEILING * DOWN * DOWN), "a new one at the moment it went on"


def test_a_refusal_that_names_a_moment_gone_counts_from_now() -> None:
    rate = LearnedRate(CEILING)
    rate.refused(START, START - 50)
    assert rate.at(START + QUIET) == CEILING * DOWN
    assert rate.at(START + QUIET + 0.1) > CEILING * DOWN


def test_it_does_not_fall_below_the_floor() -> None:
    rate, now = LearnedRate(CEILING), START
    for _ in range(60):
        now += 4
        meets(rate, now)
    assert rate.at(now + 3) == CEILING * FLOOR


def slowed(rate: LearnedRate, took: float, windows: int = 2) -> float:
    """Two usual windows, then so many with slower answers, 20 a second; the moment after them."""
    now = answers(rate, START, 2 * WINDOW)
    return answers(rate, now + 0.05, windows * (WINDOW + 0.05) - 0.05, took)


def test_two_slow_windows_lower_it_to_what_was_answered() -> None:
    rate = LearnedRate(CEILING)
    now = slowed(rate, USUAL + HELD + 0.01)
    assert rate.at(now) == pytest.approx(20, rel=0.05)
    assert rate.at(now + GAP - 0.1) == pytest.approx(20, rel=0.05)
    # Then nothing is asked of it any more: as after one refusal.
    assert rate.at(now + QUIET) == pytest.approx(20, rel=0.05)
    assert rate.at(now + QUIET + BACK_SECONDS + 0.1) == CEILING


@pytest.mark.parametrize(("took", "windows"), [(USUAL + HELD - 0.01, 2), (USUAL + HELD + 0.01, 1)])
def test_less_than_that_is_nothing(took: float, windows: int) -> None:
    rate = LearnedRate(CEILING)
    now = slowed(rate, took, windows)
    assert rate.at(now) == CEILING
    now = answers(rate, now + 0.05, WINDOW)
    now = answers(rate, now + 0.05, WINDOW, USUAL + HELD + 0.01)
    assert rate.at(now) == CEILING, "a window that was quick begins the count anew"


def test_a_limit_that_was_there_from_the_beginning_is_told_from_calls_that_nobody_waited_behind() -> None:
    rate, slow = LearnedRate(CEILING), USUAL + HELD + 0.01
    answers(rate, START, 3 * WINDOW, slow)
    assert rate.at(START + 3 * WINDOW) == CEILING, "nothing quicker is known"
    rate.alone(USUAL)
    now = answers(rate, START + 3 * WINDOW + 0.05, 2 * (WINDOW + 0.05), slow)
    assert rate.at(now) == pytest.approx(20, rel=0.05)


def test_slow_windows_with_a_pause_between_them_are_not_one_after_the_other() -> None:
    rate = LearnedRate(CEILING)
    now = slowed(rate, USUAL + HELD + 0.01, 1)
    now = answers(rate, now + GAP + 0.1, WINDOW, USUAL + HELD + 0.01)
    assert rate.at(now) == CEILING


def test_fewer_calls_that_are_no_quicker_were_not_too_many() -> None:
    rate = LearnedRate(CEILING)
    slow = USUAL + HELD + 0.05
    now = slowed(rate, slow)
    assert rate.at(now) < CEILING
    now = answers(rate, now + 0.05, 2 * WINDOW + 0.1, slow)
    assert rate.at(now) == CEILING
    now = answers(rate, now + 0.05, 5 * WINDOW, slow)
    assert rate.at(now) == CEILING, "that is how long its calls take now"


def test_fewer_calls_that_are_quick_again_were_too_many() -> None:
    rate = LearnedRate(CEILING)
    now = slowed(rate, USUAL + HELD + 0.05)
    low = rate.at(now)
    now = answers(rate, now + 0.05, 2 * WINDOW + 0.1)
    assert rate.at(now) == low
    assert rate.at(now + QUIET - 0.3) == low
    assert rate.at(now + QUIET + BACK_SECONDS + 0.1) == CEILING, "met once, it may have been chance"
