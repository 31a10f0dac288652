"""Albums in the lanes: whole, in order, waited for a moment, and never longer."""

import pytest

from core.domain.content import File, Media, MediaKind, Text
from core.domain.conversation import Change, Phase, Standing
from core.domain.envelope import Envelope, Happening, Lane, Relay
from core.domain.ids import BotId, ConversationId, EntryId, MessageId, PersonId
from shard.outbound.lanes import ALBUM_LONGEST, ALBUM_MOST, ALBUM_QUIET, Item, Lanes

READER = PersonId(1)
NOW = 100.0


def _item(number: int, album: str = "", side: int = 0) -> Item:
    content = Media(MediaKind.PHOTO, File("f", "u"), album=album) if album else Text("x")
    body = Relay(ConversationId(7), side, PersonId(9), BotId(5), MessageId(number), content)
    return Item(EntryId(f"{number}-0"), Envelope(1, READER, Lane.RELAYED, 0, body))


def _push(lanes: Lanes, now: float, *items: Item) -> None:
    for item in items:
        assert lanes.push(item, now) == []


def _take(lanes: Lanes, now: float) -> list[Item]:
    item = lanes.take(now)
    return lanes.parts(item) if item is not None else []


def test_parts_that_come_together_go_together() -> None:
    lanes = Lanes()
    parts = [_item(n, "a") for n in range(4)]
    _push(lanes, NOW, *parts)
    assert _take(lanes, NOW) == []
    assert lanes.next_at() == pytest.approx(NOW + ALBUM_QUIET)
    assert _take(lanes, NOW + ALBUM_QUIET) == parts


def test_a_late_part_is_waited_for_but_not_for_ever() -> None:
    lanes = Lanes()
    parts = []
    for number in range(6):
        parts.append(_item(number, "a"))
        _push(lanes, NOW + number * 0.2, parts[-1])
        if NOW + number * 0.2 < NOW + ALBUM_LONGEST:
            assert _take(lanes, NOW + number * 0.2) == []
    assert _take(lanes, NOW + 1.0)[:4] == parts[:4]


def test_what_follows_an_album_makes_it_complete() -> None:
    lanes = Lanes()
    first, second, text = _item(1, "a"), _item(2, "a"), _item(3)
    _push(lanes, NOW, text, first, second, _item(4))
    assert _take(lanes, NOW) == [text]
    lanes.done(text, NOW, sent=True)
    assert _take(lanes, NOW) == [first, second]


def test_a_full_album_is_not_waited_for_and_two_do_not_mix() -> None:
    lanes = Lanes()
    one, two = ([_item(n, "a") for n in range(10)], [_item(n, "b") for n in range(10, 13)])
    _push(lanes, NOW, *one, *two)
    assert _take(lanes, NOW) == one
    assert lanes.size == 13
    lanes.done(one[0], NOW, sent=True)
    assert lanes.size == 3
    later = NOW + 60
    assert _take(lanes, later) == two


def test_an_album_weighs_its_items_on_the_chats_pace() -> None:
    lanes = Lanes()
    parts = [_item(n, "a") for n in range(ALBUM_MOST)]
    _push(lanes, NOW, *parts, _item(99))
    _take(lanes, NOW)
    lanes.done(parts[0], NOW, sent=True)
    assert _take(lanes, NOW + ALBUM_MOST - 4) == []
    assert len(_take(lanes, NOW + ALBUM_MOST)) == 1


def test_an_album_larger_than_the_budget_goes_in_pieces() -> None:
    lanes = Lanes(album_most=4)
    parts = [_item(n, "a") for n in range(6)]
    _push(lanes, NOW, *parts)
    assert _take(lanes, NOW) == parts[:4]
    lanes.done(parts[0], NOW, sent=True)
    assert _take(lanes, NOW + 60) == parts[4:]


def test_a_retry_takes_the_whole_album_again() -> None:
    lanes = Lanes()
    parts = [_item(n, "a") for n in range(3)]
    _push(lanes, NOW, *parts)
    assert _take(lanes, NOW + 1) == parts
    lanes.again(parts[0], NOW + 1, 2.0)
    assert _take(lanes, NOW + 2) == []
    assert _take(lanes, NOW + 4) == parts


def test_whoever_leaves_is_shown_the_album_under_way_and_nothing_after_it() -> None:
    lanes = Lanes()
    parts, text = [_item(n, "a") for n in range(3)], _item(9)
    _push(lanes, NOW, *parts, text)
    assert _take(lanes, NOW) == parts
    left = Happening(Change.YOU_LEFT, Standing(phase=Phase.IDLE, conversation=ConversationId(7)))
    news = Item(EntryId("10-0"), Envelope(1, READER, Lane.INTERACTIVE, 0, left))
    assert lanes.push(news, NOW) == [text]
    lanes.done(parts[0], NOW, sent=True)
    assert _take(lanes, NOW + 60) == [news]


def test_one_side_of_an_album_is_not_the_others() -> None:
    lanes = Lanes()
    mine, theirs = _item(1, "a", side=0), _item(2, "a", side=1)
    _push(lanes, NOW, mine, theirs)
    assert _take(lanes, NOW) == [mine]


def test_an_album_that_follows_another_is_waited_for_from_its_own_first_part() -> None:
    lanes = Lanes()
    one, two = _item(1, "a"), _item(2, "b")
    _push(lanes, NOW, one)
    assert _take(lanes, NOW + ALBUM_QUIET) == [one]
    lanes.done(one, NOW + ALBUM_QUIET, sent=True)
    began = NOW + ALBUM_LONGEST - ALBUM_QUIET / 2
    _push(lanes, began, two)
    assert _take(lanes, NOW + ALBUM_LONGEST) == []
    assert _take(lanes, began + ALBUM_QUIET) == [two]
