"""Lanes step by step: turns, broadcasts behind everything else, what a chat's pace counts, what has ended."""

import pytest

from core.domain.content import Text
from core.domain.conversation import Change, Phase, Standing
from core.domain.envelope import Envelope, Happening, Lane, Notice, Relay
from core.domain.ids import BotId, ConversationId, EntryId, MessageId, PersonId
from shard.outbound.lanes import Item, Lanes
from shard.outbound.pacing import CHAT_BURST, CHAT_INTERVAL

NOW = 100.0
ANNA, BEN = PersonId(1), PersonId(2)
FIRST, SECOND = ConversationId(7), ConversationId(8)


def relay(number: int, to: PersonId = ANNA) -> Item:
    body = Relay(FIRST, 0, PersonId(9), BotId(5), MessageId(number), Text("x"))
    return Item(EntryId(f"{number}-0"), Envelope(1, to, Lane.RELAYED, 0, body))


def cast(number: int) -> Item:
    return Item(EntryId(f"{number}-0"), Envelope(1, ANNA, Lane.BROADCAST, 0, Notice("help")))


def news(number: int, change: Change, conversation: ConversationId = FIRST) -> Item:
    body = Happening(change, Standing(phase=Phase.IDLE, conversation=conversation))
    return Item(EntryId(f"{number}-0"), Envelope(1, ANNA, Lane.INTERACTIVE, 0, body))


def push(lanes: Lanes, *items: Item) -> None:
    for item in items:
        assert lanes.push(item, NOW) == []


def leave(lanes: Lanes, now: float = NOW) -> list[Item]:
    """What goes at that moment, all of it, one after the other."""
    gone = []
    while (item := lanes.take(now)) is not None:
        gone.append(item)
        lanes.done(item, now, sent=False)
    return gone


def test_a_chat_that_is_sent_more_keeps_its_turn() -> None:
    lanes = Lanes()
    one, two, three = relay(1), relay(2, BEN), relay(3)
    push(lanes, one, two, three)
    assert leave(lanes) == [one, two, three]


def test_a_broadcast_goes_behind_all_else_also_what_comes_later() -> None:
    lanes = Lanes()
    casts, relays = [cast(1), cast(2)], [relay(3), relay(4)]
    push(lanes, *casts, *relays)
    assert leave(lanes) == relays + casts
    assert lanes.size == 0


def test_it_waits_for_what_comes_while_others_are_on_their_way() -> None:
    lanes = Lanes()
    one, two, three, later, last = relay(1), cast(2), relay(3), relay(4), cast(5)
    push(lanes, one, two, last, three)
    assert lanes.take(NOW) is one
    lanes.done(one, NOW, sent=True)
    push(lanes, later)
    assert leave(lanes) == [three, later, two, last]


def test_one_that_is_on_its_way_ends_before_what_came_meanwhile() -> None:
    lanes = Lanes()
    one, two = cast(1), relay(2)
    push(lanes, one)
    assert lanes.take(NOW) is one
    push(lanes, two)
    lanes.done(one, NOW, sent=True)
    assert leave(lanes) == [two]


def test_who_may_be_written_to_is_known_by_the_lane_of_what_is_first() -> None:
    lanes = Lanes()
    assert not any(map(lanes.waiting, Lane))
    push(lanes, cast(1))
    assert [lanes.waiting(lane) for lane in Lane] == [False, False, True]
    assert lanes.take(NOW, Lane.RELAYED) is None
    assert leave(lanes) != []
    assert not any(map(lanes.waiting, Lane))


def test_the_next_moment_is_that_of_the_chat_which_may_go_on_first() -> None:
    lanes = Lanes()
    assert lanes.next_at() is None
    one, two = relay(1), relay(2, BEN)
    push(lanes, one, two)
    for item, wait in ((one, 5.0), (two, 3.0)):
        assert lanes.take(NOW) is item
        lanes.again(item, NOW, wait)
    assert lanes.next_at() == pytest.approx(NOW + 3.0)
    assert lanes.take(NOW + 2.9) is None
    assert lanes.take(NOW + 3.0) is two
    assert lanes.next_at() == pytest.approx(NOW + 5.0)


def burst(lanes: Lanes) -> None:
    """Anna's chat is sent all that may go at once."""
    for number in range(1, CHAT_BURST + 1):
        push(lanes, relay(number))
        item = lanes.take(NOW)
        assert item is not None
        lanes.done(item, NOW, sent=True)


def test_what_was_not_sent_does_not_count_for_the_pace() -> None:
    lanes = Lanes()
    items = [relay(number) for number in range(2 * CHAT_BURST)]
    push(lanes, *items)
    assert leave(lanes) == items


@pytest.mark.parametrize("went", [True, False])
def test_what_is_tried_again_counts_for_the_pace_where_it_may_have_gone(*, went: bool) -> None:
    lanes, later = Lanes(), NOW + CHAT_INTERVAL
    burst(lanes)
    item = relay(9)
    push(lanes, item)
    assert lanes.take(later) is item
    lanes.again(item, later, 0.0, **({"went": True} if went else {}))
    assert lanes.take(later) is (None if went else item)
    assert lanes.take(later + CHAT_INTERVAL) is (item if went else None)


def test_who_is_forgotten_had_their_whole_burst_again() -> None:
    lanes = Lanes()
    burst(lanes)
    lanes.forget_idle(NOW)
    push(lanes, relay(8))
    assert lanes.take(NOW) is None
    assert leave(lanes, NOW + CHAT_INTERVAL) != []
    lanes.forget_idle(NOW + CHAT_BURST * CHAT_INTERVAL)
    push(lanes, relay(9))
    assert leave(lanes, NOW + CHAT_BURST * CHAT_INTERVAL) != []


@pytest.mark.parametrize("again", [True, False])
def test_what_a_partner_wrote_is_void_for_who_has_left_but_for_what_is_on_its_way(*, again: bool) -> None:
    lanes = Lanes()
    items = [relay(number) for number in range(1, 5)]
    push(lanes, *items)
    assert lanes.take(NOW) is items[0]
    if again:
        lanes.again(items[0], NOW, 0.0)
    else:
        lanes.done(items[0], NOW, sent=True)
        assert lanes.take(NOW) is items[1]
    left = news(9, Change.YOU_LEFT)
    assert lanes.push(left, NOW) == (items if again else items[2:])
    if not again:
        lanes.done(items[1], NOW, sent=True)
    assert leave(lanes) == [left]
    assert lanes.size == 0


def test_nothing_is_on_its_way_once_it_is_done() -> None:
    lanes = Lanes()
    one, two = relay(1), relay(2)
    push(lanes, one, two)
    assert lanes.take(NOW) is one
    lanes.done(one, NOW, sent=True)
    assert lanes.push(news(9, Change.YOU_LEFT_AND_SEARCH), NOW) == [two]


def test_a_conversation_closes_until_its_person_has_been_told_that_it_is_over() -> None:
    lanes = Lanes()
    assert not lanes.closes(ANNA, FIRST)
    push(lanes, relay(1))
    assert not lanes.closes(ANNA, FIRST)
    assert leave(lanes) != []
    one, two = news(2, Change.PARTNER_LEFT), news(3, Change.PARTNER_UNREACHABLE, SECOND)
    push(lanes, one, two)
    assert [lanes.closes(ANNA, which) for which in (FIRST, SECOND)] == [True, True]
    assert not lanes.closes(BEN, FIRST)
    assert lanes.take(NOW) is one
    lanes.done(one, NOW, sent=True)
    assert [lanes.closes(ANNA, which) for which in (FIRST, SECOND)] == [False, True]
    assert leave(lanes) == [two]
    assert not lanes.closes(ANNA, SECOND)
