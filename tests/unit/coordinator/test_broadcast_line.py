"""When a bot gets the next helping of a broadcast, and how big it is."""

import pytest

from coordinator.broadcast.line import (
    LATEST_SECONDS,
    SOONEST_SECONDS,
    UNKNOWN_SECONDS,
    WINDOW,
    Line,
)
from core.domain.ids import BotId, PersonId
from core.state.postgres.audience import Member, Portion
from core.state.redis.casts import Fed


def _line(waiting: int) -> Line:
    """One with people to feed, of whose broadcast so many messages lie in the stream."""
    line = Line(Portion(BotId(1), PersonId(0), 0, 0, 0, 0, 0, 0, 0))
    line.fed((), Fed(PersonId(0), waiting, 0, 0, 0, 0, 0, 0, 0), 100.0)
    line.read([Member(PersonId(number), belongs=True, open=True) for number in range(1, 100)])
    return line


@pytest.mark.parametrize("waiting", [WINDOW, WINDOW // 2 + 1])
def test_half_a_window_is_offered_and_fits_when_half_has_gone(waiting: int) -> None:
    line = _line(waiting)
    some = line.next()
    assert len(some) == WINDOW // 2
    assert line.helping(some, ()).most == WINDOW


def test_what_did_not_fit_is_offered_again() -> None:
    line = _line(WINDOW)
    some = line.next()
    line.fed(some, Fed(PersonId(0), WINDOW, 0, 0, 0, 0, 0, 0, 0), 101.0)
    assert line.next() == some
    assert line.read_from is None, "they need not be read again"


def test_as_many_as_fit_are_fed() -> None:
    assert len(_line(WINDOW // 2).next()) == WINDOW // 2
    assert len(_line(0).next()) == WINDOW


@pytest.mark.parametrize(
    ("sent", "seconds", "due"),
    [
        (10, 1.0, WINDOW / 2 / 10),
        (8, 1.0, WINDOW / 2 / 8),
        (20, 0.1, SOONEST_SECONDS),
        (1, 1.0, LATEST_SECONDS),
        (0, 1.0, UNKNOWN_SECONDS),
        (10, 0.0, UNKNOWN_SECONDS),
    ],
)
def test_it_is_looked_at_again_when_half_will_have_gone(sent: int, seconds: float, due: float) -> None:
    line = _line(WINDOW // 2)
    now = 100.0 + seconds
    line.fed((), Fed(PersonId(0), WINDOW + sent, sent, 0, 0, 0, 0, 0, 0), now)
    assert line.due_at == pytest.approx(now + due)


def test_it_is_looked_at_soon_where_little_lies_there() -> None:
    assert _line(WINDOW // 2).due_at == pytest.approx(100.0 + SOONEST_SECONDS)


def test_what_another_server_has_forgotten_makes_no_pace() -> None:
    line = _line(WINDOW)
    line.fed((), Fed(PersonId(0), WINDOW, 5, 0, 0, 0, 0, 0, 0), 101.0)
    line.fed((), Fed(PersonId(0), WINDOW, 0, 0, 0, 0, 0, 0, 0), 102.0)
    assert line.due_at == pytest.approx(102.0 + UNKNOWN_SECONDS)
