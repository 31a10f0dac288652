"""What cannot cross: how it is named and counted."""

from typing import Any

import msgspec
import pytest

from shard.inbound import kinds


def raw(message: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"update_id": 1, "message": message}))


@pytest.mark.parametrize(
    ("fields", "kind", "words", "counted"),
    [
        ({"game": {}}, "game", "cannot_game", "game"),
        ({"story": {}, "a_new_thing": 1}, "story", "cannot_story", "story"),
        ({"gift": {}}, "gift", "kind_cannot_cross", "other"),
        ({"zebra": 1, "ant": 2}, "ant", "kind_cannot_cross", "other"),
        ({}, "unknown", "kind_cannot_cross", "other"),
        ({"poll": {}, "caption": "c"}, "poll", "cannot_quiz", "poll"),
        ({"pinned_message": {}, "giveaway": {}}, "giveaway", "cannot_giveaway", "giveaway"),
    ],
)
def test_a_kind_has_a_name_and_words(fields: dict[str, Any], kind: str, words: str, counted: str) -> None:
    surroundings = {"message_id": 1, "chat": {"id": 5}, "date": 0, "from": {"id": 5}, "reply_markup": {}}
    found = kinds.kind_of(raw(surroundings | fields))
    assert found == kind
    assert kinds.words_for(found) == words
    assert kinds.counted_as(found) == counted


@pytest.mark.parametrize(
    "broken",
    [
        msgspec.Raw(b"{"),
        raw([]),
        msgspec.Raw(b'{"message":' + b"[" * 9_000),
        msgspec.Raw(b'{"message":{"\xff":1}}'),
    ],
)
def test_what_cannot_be_read_is_unknown(broken: msgspec.Raw) -> None:
    assert kinds.kind_of(broken) == kinds.UNKNOWN
