"""What a broadcast says: the text behind the command, and what may go to everybody."""

import msgspec
import pytest

from core.domain.broadcast import decode_content, encode_content, for_many
from core.domain.content import Contact, Content, Dice, File, Location, Media, MediaKind, Text
from shard.inbound.casting import _behind


def _typed(text: str, *entities: dict[str, object]) -> msgspec.Raw:
    chat = {"id": 5, "type": "private"}
    message = {"message_id": 1, "date": 0, "chat": chat, "text": text, "entities": entities}
    return msgspec.Raw(msgspec.json.encode({"update_id": 1, "message": message}))


def test_formatting_moves_with_the_text_in_units_of_utf_16() -> None:
    said = "/broadcast@🙂bot 🎉 all of you"
    raw = _typed(
        said,
        {"type": "bot_command", "offset": 0, "length": 16},
        {"type": "bold", "offset": 20, "length": 3},
        {"type": "text_mention", "offset": 24, "length": 2, "user": {"id": 9}},
    )
    text = _behind(raw, "🎉 all of you")
    assert text.text == "🎉 all of you"
    assert [(one.type, one.offset, one.length) for one in text.entities] == [("bold", 3, 3)]


@pytest.mark.parametrize(
    ("content", "goes"),
    [
        (Text("hello"), True),
        (Location(1.0, 2.0), True),
        (Location(1.0, 2.0, live_period=60), False),
        (Dice("🎲", 3), False),
        (Contact("+1", "Ann"), False),
    ],
)
def test_what_is_meant_for_one_does_not_go_to_all(content: Content, *, goes: bool) -> None:
    assert for_many(content) == (content if goes else None)


def test_a_part_of_an_album_goes_alone_and_is_kept_as_it_is() -> None:
    part = Media(MediaKind.PHOTO, File("a", "b"), caption="look", album="7")
    alone = for_many(part)
    assert alone == Media(MediaKind.PHOTO, File("a", "b"), caption="look")
    assert decode_content(encode_content(alone)) == alone
