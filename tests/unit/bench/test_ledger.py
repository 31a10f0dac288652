"""The ledger must see what a network could do wrong, and must not explain away what no death explains."""

from tests.harness.ledger import End, Ledger, Show, Text


def _text(ledger: Ledger, *shows: Show, writer: int = 1, conversation: int = 7) -> Text:
    text = ledger.write(writer, conversation, at=0.0)
    text.shown.extend(shows)
    ledger.members[conversation] |= {writer, 2}
    return text


def test_what_is_neither_shown_nor_answered_is_lost() -> None:
    ledger = Ledger()
    lost = _text(ledger)
    _text(ledger, Show(2, 1.0, "a"))
    _text(ledger).told = 3.0
    assert ledger.lost() == [lost]
    assert ledger.lost(before=0.0) == []


def test_what_somebody_outside_the_conversation_or_its_writer_sees_has_strayed() -> None:
    ledger = Ledger()
    _text(ledger, Show(2, 1.0, "a"))
    other = _text(ledger, Show(2, 1.0, "a"), Show(3, 1.0, "a"))
    own = _text(ledger, Show(1, 1.0, "a"))
    assert ledger.strayed() == [(other, 3), (own, 1)]


def test_order_counts_where_a_text_is_shown_first() -> None:
    ledger = Ledger()
    first = _text(ledger, Show(2, 2.0, "a"))
    second = _text(ledger, Show(2, 1.0, "a"), Show(2, 3.0, "b"))
    _text(ledger, Show(2, 0.5, "a"), conversation=8)
    assert ledger.inversions() == [(second, first)]


def test_an_end_explains_one_repeat_a_chat_by_another_process() -> None:
    ledger = Ledger()
    _text(ledger, Show(2, 10.0, "a"), Show(2, 13.0, "b"))
    _text(ledger, Show(2, 10.0, "a"), Show(2, 13.0, "b"))
    _text(ledger, Show(1, 10.0, "a"), Show(1, 13.0, "b"), writer=2)
    repeats = ledger.repeats({"a": End(10.5)})
    assert (repeats.by_end, len(repeats.unexplained), repeats.ages) == (2, 1, [0.5, 0.5])
    assert repeats.unexplained == [
        "1's 1 in 7 was shown by a (-0.50 s from its end) and 3.00 s later by b (lives)"
    ]


def test_a_call_of_a_dead_process_that_arrives_late_is_explained() -> None:
    ledger = Ledger()
    _text(ledger, Show(2, 13.0, "b"), Show(2, 14.0, "a"))
    assert ledger.repeats({"a": End(10.0)}).unexplained == []


def test_no_end_explains_a_repeat_of_one_process_or_what_was_shown_long_before() -> None:
    ledger = Ledger()
    _text(ledger, Show(2, 10.0, "a"), Show(2, 10.2, "a"))
    _text(ledger, Show(2, 10.0, "a"), Show(2, 33.0, "b"))
    assert len(ledger.repeats({"a": End(30.0)}).unexplained) == 2
    # What was shown before Redis went away could not be acknowledged.
    assert len(ledger.repeats({"a": End(30.0, redis_away=18.0)}).unexplained) == 1


def test_a_lost_answer_explains_its_own_repeat_only() -> None:
    ledger = Ledger()
    lost = Show(2, 1.0, "a", answer_lost=True)
    _text(ledger, lost, Show(2, 2.0, "a"))
    _text(ledger, lost, Show(2, 2.0, "a"), Show(2, 3.0, "a"))
    repeats = ledger.repeats({})
    assert (repeats.by_lost_answer, len(repeats.unexplained)) == (2, 1)
