"""The pace of a writer: what is allowed stays under the line, and a patient person never meets it."""

import tracemalloc

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import PersonId, UpdateId
from shard.inbound.manners import BURST, INTERVAL, KEPT_JUDGED, KEPT_PEOPLE, REMIND, Manners
from shard.inbound.updates import updates

ME = PersonId(1)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=300))
def test_no_stretch_of_time_lets_more_through_than_burst_and_pace(gaps: list[float]) -> None:
    manners, now, allowed = Manners(), 0.0, []
    for update, gap in enumerate(gaps):
        now += gap
        if manners.allows(ME, UpdateId(update), now):
            allowed.append(now)
    for at, first in enumerate(allowed):
        for count, last in enumerate(allowed[at:], 1):
            assert count <= BURST + (last - first) / INTERVAL + 1e-6


@given(st.lists(st.floats(INTERVAL, 10), max_size=200))
def test_who_keeps_the_pace_is_never_stopped(gaps: list[float]) -> None:
    manners, now = Manners(), 0.0
    for update, gap in enumerate(gaps):
        now += gap
        assert manners.allows(ME, UpdateId(update), now)


def test_a_burst_passes_and_then_the_line_holds_and_is_told_once() -> None:
    manners = Manners()
    assert sum(manners.allows(ME, UpdateId(n), 0.0) for n in range(BURST + 10)) == BURST
    assert [manners.remind(ME, at) for at in (0.0, 1.0, REMIND, REMIND + 1)] == [True, False, True, False]
    assert manners.allows(PersonId(2), UpdateId(BURST + 10), 0.0)


@given(st.integers(1, BURST + 5), st.integers(2, 100))
def test_a_batch_that_is_tried_again_is_judged_as_before(size: int, tries: int) -> None:
    """While Redis is away all of it is tried five times a second."""
    manners = Manners()
    judged = [
        [manners.allows(ME, UpdateId(n), attempt * 0.2) for n in range(size)] for attempt in range(tries)
    ]
    assert all(again == judged[0] for again in judged)
    assert sum(judged[0]) == min(size, BURST)


def test_the_line_holds_for_minutes() -> None:
    """Nobody is forgotten while they are above their pace."""
    manners = Manners()
    tries = [attempt * INTERVAL / 4 for attempt in range(4 * 400)]
    allowed = [at for update, at in enumerate(tries) if manners.allows(ME, UpdateId(update), at)]
    assert len(allowed) == BURST + int(tries[-1] / INTERVAL)


def test_people_who_keep_the_pace_take_no_memory_and_a_crowd_little() -> None:
    """A hundred thousand write once, then thirty thousand at the same moment."""
    manners = Manners()
    tracemalloc.start()
    for number in range(100_000):
        assert manners.allows(PersonId(number), UpdateId(number), number / 100)
    few, _ = tracemalloc.get_traced_memory()
    for number in range(100_000, 130_000):
        assert manners.allows(PersonId(number), UpdateId(number), 2_000.0)
    many, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert few < 500_000
    assert many < 3_000_000


def test_a_crowd_makes_nobody_forgotten_who_is_far_ahead() -> None:
    manners = Manners()
    assert sum(manners.allows(ME, UpdateId(n), 0.0) for n in range(BURST + 1)) == BURST
    for number in range(2 * KEPT_PEOPLE):
        assert manners.allows(PersonId(10 + number), UpdateId(1_000 + number), 0.0)
    assert not manners.allows(ME, UpdateId(999_999), 0.0)


def test_who_was_told_is_told_again_after_the_pause_for_as_long_as_it_goes_on() -> None:
    manners = Manners()
    told = [at for at in range(200) if manners.remind(ME, float(at))]
    assert told == list(range(0, 200, int(REMIND)))


def test_so_many_judgements_are_remembered_the_newest_of_them() -> None:
    manners = Manners()
    for update in range(KEPT_JUDGED):
        manners.allows(PersonId(100 + update), UpdateId(update), 0.0)
    for _ in range(2 * BURST):
        assert manners.allows(PersonId(100), UpdateId(0), 0.0), "the oldest that is still kept"
    for update in range(KEPT_JUDGED, KEPT_JUDGED + 2):
        for _ in range(2 * BURST):
            assert manners.allows(ME, UpdateId(update), 0.0), "the newest is kept, an older one goes"
    judged = [manners.allows(PersonId(100), UpdateId(0), 0.0) for _ in range(BURST)]
    assert all(judged), "forgotten, judged once more, and remembered again"


def test_what_was_written_over_an_hour_passes_when_it_comes_at_once() -> None:
    manners = Manners()
    for number, kind in enumerate(("message", "edited_message", "message_reaction") * 40):
        dated = {"date": 1_700_000_000, ("edit_date" if kind == "edited_message" else "date"): 90 * number}
        raw = {"update_id": number, kind: {"message_id": 1, "chat": {"id": 1, "type": "private"}, **dated}}
        update = updates.decode(msgspec.json.encode(raw))
        assert update.written == 90 * number
        assert manners.allows(ME, update.update_id, update.written)
