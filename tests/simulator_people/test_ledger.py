"""The ledger finds what went wrong, and only that."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.people.load.ledger import Ledger, Verdict

_MESSAGES = 6


def _ledger() -> Ledger:
    """Four people: 0 and 1 talk across bots 10 and 11, 2 and 3 on bot 10. All has been sent."""
    ledger = Ledger(4, _MESSAGES, [10, 11, 10, 10])
    for number in range(_MESSAGES):
        for sender in range(4):
            ledger.accepted(sender, number, float(number))
    return ledger


def _all() -> list[tuple[int, int, int]]:
    return [(sender ^ 1, sender, number) for number in range(_MESSAGES) for sender in range(4)]


def _judge(shown: list[tuple[int, int, int]]) -> Verdict:
    ledger = _ledger()
    for place, (to, sender, number) in enumerate(shown):
        ledger.showed(to, sender, number, 100.0 + place)
    return ledger.evaluate()


def _faults(verdict: Verdict) -> tuple[int, int, int, int, int]:
    return verdict.lost, verdict.repeats, verdict.inversions, verdict.misdelivered, verdict.unknown


def test_a_clean_run() -> None:
    verdict = _judge(_all())
    assert _faults(verdict) == (0, 0, 0, 0, 0)
    assert (verdict.sent, verdict.shown, verdict.paired, verdict.cross_pairs) == (24, 24, 4, 1)
    assert verdict.cross_bot == 0.5
    assert verdict.latency.count == 24
    assert verdict.latency.p50 <= verdict.latency.p90 <= verdict.latency.p99 <= verdict.latency.worst


def test_latency_is_from_accepted_to_shown_in_milliseconds() -> None:
    ledger = Ledger(2, 2, [1, 1])
    for number, (at, shown) in enumerate(((1.0, 1.5), (2.0, 4.0))):
        ledger.accepted(0, number, at)
        ledger.showed(1, 0, number, shown)
    latency = ledger.evaluate().latency
    assert (latency.mean, latency.worst, latency.count) == (1250.0, 2000.0, 2)


@given(st.sets(st.integers(0, 23)))
def test_what_is_left_out_is_lost(left_out: set[int]) -> None:
    shown = [one for place, one in enumerate(_all()) if place not in left_out]
    verdict = _judge(shown)
    assert _faults(verdict) == (len(left_out), 0, 0, 0, 0)


@given(st.lists(st.integers(0, 23), max_size=10))
def test_what_is_shown_again_is_a_repeat_and_nothing_else(again: list[int]) -> None:
    everything = _all()
    verdict = _judge(everything + [everything[place] for place in again])
    assert _faults(verdict) == (0, len(again), 0, 0, 0)


@given(st.permutations(range(_MESSAGES)))
def test_order_is_counted_by_what_is_overtaken(order: list[int]) -> None:
    overtaken = sum(any(earlier > number for earlier in order[:place]) for place, number in enumerate(order))
    verdict = _judge([(1, 0, number) for number in order])
    assert verdict.inversions == overtaken


def test_a_stranger_who_is_shown_a_text_is_misdelivery() -> None:
    assert _judge([(1, 0, 0), (2, 0, 1), (-1, 0, 2)]).misdelivered == 2


def test_two_senders_cannot_have_one_partner() -> None:
    assert _judge([(1, 0, 0), (0, 1, 0), (1, 2, 0)]).misdelivered == 1


def test_ones_own_text_coming_back_is_misdelivery() -> None:
    assert _judge([(0, 0, 0)]).misdelivered == 1


def test_what_was_never_sent_is_unknown() -> None:
    ledger = Ledger(2, 2, [1, 1])
    for sender, number in ((0, 0), (0, 7), (9, 0)):
        ledger.showed(1, sender, number, 1.0)
    assert ledger.evaluate().unknown == 3


def test_missing_names_what_was_lost() -> None:
    ledger = _ledger()
    for to, sender, number in _all():
        if (sender, number) not in ((1, 2), (3, 5)):
            ledger.showed(to, sender, number, 1.0)
    assert ledger.missing() == [(1, 2), (3, 5)]
