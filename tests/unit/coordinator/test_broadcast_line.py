"""When a bot gets the next helping of a broadcast, and how big it is."""

from coordinator.broadcast.line import WINDOW, Line
from core.domain.ids import BotId, PersonId
from core.state.postgres.audience import Member, Portion
from core.state.redis.casts import Fed


def _line(waiting: int) -> Line:
    """One with people to feed, of whose broadcast so many messages lie in the stream."""
    line = Line(Portion(BotId(1), PersonId(0), 0, 0, 0, 0, 0, 0, 0))
    line.fed((), Fed(PersonId(0), waiting, 0, 0, 0, 0, 0, 0, 0))
    line.read([Member(PersonId(number), belongs=True, open=True) for number in range(1, 100)])
    return line


def test_nobody_is_fed_until_half_of_the_last_helping_has_gone() -> None:
    assert _line(WINDOW).next() == []
    assert _line(WINDOW // 2 + 1).next() == []


def test_then_as_many_as_fit() -> None:
    assert len(_line(WINDOW // 2).next()) == WINDOW // 2
    assert len(_line(0).next()) == WINDOW
