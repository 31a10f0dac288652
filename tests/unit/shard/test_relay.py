"""From a message to what crosses, field by field."""

from typing import Any

import msgspec
import pytest

from core.domain.content import (
    Choice,
    Contact,
    Content,
    Dice,
    Entity,
    File,
    LinkPreview,
    Location,
    Media,
    MediaKind,
    Poll,
    Text,
    Venue,
)
from core.domain.conversation import Phase, Standing
from core.domain.envelope import Amend, React, Relay
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from shard.inbound.relay import amend, content_of, nameless, react, relay
from shard.inbound.updates import Message, Reacted

WRITER, BOT, TALK = PersonId(5), BotId(9), ConversationId(77)
STANDING = Standing(phase=Phase.CHATTING, conversation=TALK, side=1)
BOLD = {"type": "bold", "offset": 0, "length": 2}
NAMES = {"type": "text_mention", "offset": 0, "length": 2, "user": {"id": 5}}
KEPT = (Entity("bold", 0, 2),)
SMALL = {"file_id": "s", "file_unique_id": "us", "width": 90, "height": 60, "file_size": 11}
LARGE = {"file_id": "l", "file_unique_id": "ul", "width": 80, "height": 100, "file_size": 22}


def message(**fields: Any) -> Message:
    known = {"message_id": 3, "chat": {"id": 5, "type": "private"}, **fields}
    return msgspec.json.decode(msgspec.json.encode(known), type=Message)


def file(**fields: Any) -> dict[str, Any]:
    return {"file_id": "f", "file_unique_id": "u", "file_size": 7, **fields}


def test_a_message_crosses_with_its_ornaments() -> None:
    said = message(
        text="hi",
        reply_to_message={"message_id": 2, "from": {"id": 5}},
        quote={"text": "q", "position": 4, "entities": [BOLD, NAMES]},
        effect_id="e",
        has_protected_content=True,
    )
    content = Text("hi")
    assert relay(said, content, WRITER, STANDING, BOT) == Relay(
        conversation=TALK,
        side=1,
        sender=WRITER,
        source=BOT,
        message=MessageId(3),
        content=content,
        reply_to=MessageId(2),
        reply_own=True,
        quote="q",
        quote_position=4,
        protected=True,
        effect="e",
        quote_entities=KEPT,
    )


def test_a_plain_message_crosses_plainly() -> None:
    content = Text("hi")
    assert relay(message(text="hi"), content, WRITER, STANDING, BOT) == Relay(
        TALK, 1, WRITER, BOT, MessageId(3), content
    )


@pytest.mark.parametrize(
    ("of", "own"), [({"id": 9, "is_bot": True}, False), ({"id": 5}, True), (None, False)], ids=str
)
def test_whom_one_replies_to(of: dict[str, Any] | None, own: bool) -> None:
    said = message(text="hi", reply_to_message={"message_id": 2, "from": of})
    crossed = relay(said, Text("hi"), WRITER, STANDING, BOT)
    assert (crossed.reply_to, crossed.reply_own) == (2, own)


def test_an_edit_says_what_it_says_now() -> None:
    assert amend(message(text="new"), Text("new"), WRITER, STANDING, BOT) == Amend(
        TALK, 1, WRITER, BOT, MessageId(3), Text("new")
    )


@pytest.mark.parametrize(
    ("reactions", "emoji", "custom"),
    [
        ([], "", ""),
        ([{"type": "paid"}], "", ""),
        ([{"type": "emoji", "emoji": "👍"}], "👍", ""),
        ([{"type": "emoji", "emoji": "👍"}, {"type": "custom_emoji", "custom_emoji_id": "7"}], "", "7"),
        ([{"type": "custom_emoji", "custom_emoji_id": "7"}, {"type": "emoji", "emoji": "🔥"}], "🔥", ""),
        ([{"type": "emoji", "emoji": "👍"}, {"type": "paid"}], "👍", ""),
    ],
)
def test_the_newest_reaction_that_a_bot_can_show(reactions: list[Any], emoji: str, custom: str) -> None:
    given = {"chat": {"id": 5}, "message_id": 4, "new_reaction": reactions}
    reacted = msgspec.convert(given, Reacted)
    assert react(reacted, WRITER, STANDING, BOT, MessageId(8)) == React(
        conversation=TALK,
        side=1,
        sender=WRITER,
        source=BOT,
        message=MessageId(4),
        emoji=emoji,
        custom_emoji_id=custom,
        there=MessageId(8),
    )


PLACE = {"latitude": 1.5, "longitude": 2.5}
CONTENTS: dict[str, tuple[dict[str, Any], Content | None]] = {
    "text": (
        {"text": "hi", "entities": [BOLD, NAMES], "link_preview_options": {"is_disabled": True}},
        Text("hi", KEPT, LinkPreview(is_disabled=True)),
    ),
    "dice": ({"dice": {"emoji": "🎯", "value": 4}}, Dice("🎯", 4)),
    "location": (
        {
            "location": {
                **PLACE,
                "horizontal_accuracy": 3.5,
                "live_period": 60,
                "heading": 9,
                "proximity_alert_radius": 8,
            }
        },
        Location(1.5, 2.5, 3.5, 60, 9, 8),
    ),
    "venue": (
        {
            "location": PLACE,
            "venue": {
                "location": PLACE,
                "title": "t",
                "address": "a",
                "foursquare_id": "1",
                "foursquare_type": "2",
                "google_place_id": "3",
                "google_place_type": "4",
            },
        },
        Venue(1.5, 2.5, "t", "a", "1", "2", "3", "4"),
    ),
    "contact": (
        {"contact": {"phone_number": "1", "first_name": "F", "last_name": "L", "user_id": 5, "vcard": "v"}},
        Contact("1", "F", "L"),
    ),
    "photo, the largest": ({"photo": [SMALL, LARGE, SMALL]}, Media(MediaKind.PHOTO, File("l", "ul", 22))),
    "live photo": (
        {"live_photo": file(photo=[SMALL, LARGE])},
        Media(MediaKind.LIVE_PHOTO, File("f", "u", 7), still=File("l", "ul", 22)),
    ),
    "live photo without a still": ({"live_photo": file()}, None),
    "nothing known": ({"gift": {}}, None),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_content_is_what_was_written_and_no_more(name: str) -> None:
    fields, content = CONTENTS[name]
    found = content_of(message(**fields))
    if isinstance(found, Media) and isinstance(content, Media) and found.kind is MediaKind.PHOTO:
        assert (found.width, found.height) == (80, 100)
        found = msgspec.structs.replace(found, width=0, height=0)
    assert found == content


def test_a_file_with_all_that_is_said_about_it() -> None:
    said = message(
        caption="c",
        caption_entities=[NAMES, BOLD],
        has_media_spoiler=True,
        show_caption_above_media=True,
        media_group_id="g",
        video=file(
            file_name="n",
            mime_type="m",
            duration=1,
            width=2,
            height=3,
            title="t",
            performer="p",
            thumbnail=SMALL,
            cover=[SMALL, LARGE],
            start_timestamp=4,
        ),
    )
    assert content_of(said) == Media(
        kind=MediaKind.VIDEO,
        file=File("f", "u", 7, "n", "m"),
        caption="c",
        entities=KEPT,
        spoiler=True,
        caption_above=True,
        duration=1,
        width=2,
        height=3,
        title="t",
        performer="p",
        thumbnail=File("s", "us", 11),
        album="g",
        cover=File("l", "ul", 22),
        start=4,
    )


@pytest.mark.parametrize(
    ("flags", "form"), [({}, ""), ({"is_animated": True}, "animated"), ({"is_video": True}, "video")]
)
def test_a_sticker_is_known_by_its_set(flags: dict[str, bool], form: str) -> None:
    said = message(sticker=file(set_name="set", emoji="😀", **flags))
    assert content_of(said) == Media(
        MediaKind.STICKER, File("f", "u", 7), sticker_set="set", emoji="😀", sticker_format=form
    )


def test_kinds_that_come_as_two_are_the_richer_one() -> None:
    both = content_of(message(document=file(), animation=file(file_id="a")))
    assert isinstance(both, Media)
    assert (both.kind, both.file.id) == (MediaKind.ANIMATION, "a")
    round_ = content_of(message(video_note=file(length=240)))
    assert isinstance(round_, Media)
    assert (round_.kind, round_.width) == (MediaKind.VIDEO_NOTE, 240)


def _poll(**fields: Any) -> Poll | None:
    known = {
        "question": "?",
        "options": [{"text": "a", "text_entities": [BOLD, NAMES]}, {"text": "b"}],
        **fields,
    }
    found = content_of(message(poll=known))
    assert found is None or isinstance(found, Poll)
    return found


OPTIONS = (Choice("a", KEPT), Choice("b"))


def test_a_poll_crosses_without_its_votes() -> None:
    assert _poll() == Poll("?", OPTIONS)
    assert _poll(
        question_entities=[BOLD, NAMES],
        allows_multiple_answers=True,
        allows_revoting=False,
        description="d",
        description_entities=[NAMES, BOLD],
        open_period=30,
        is_closed=True,
        correct_option_id=1,
    ) == Poll(
        question="?",
        options=OPTIONS,
        entities=KEPT,
        multiple=True,
        revoting=False,
        description="d",
        description_entities=KEPT,
        open_period=30,
        closed=True,
    )


def test_a_quiz_needs_its_answer() -> None:
    assert _poll(type="quiz") is None
    told = _poll(type="quiz", correct_option_ids=[0, 1], explanation="e", explanation_entities=[BOLD, NAMES])
    assert told == Poll("?", OPTIONS, correct=(0, 1), explanation="e", explanation_entities=KEPT)
    older = _poll(type="quiz", correct_option_id=0)
    assert older is not None
    assert older.correct == (0,)


@pytest.mark.parametrize(
    ("url", "crosses"),
    [
        ("https://example.org", True),
        ("tg://user?id=5", False),
        ("tg://USER?id=5", False),
        ("TG://user?id=5", False),
        ("tg://openmessage?user_id=5", False),
        ("tg:user?id=5", False),
        ("TG:/USER/?id=5", False),
        ("tg:///user/x?id=5", False),
        (" tg:openmessage?user_id=5", False),
        ("tg:resolve?domain=x", True),
        ("tg://resolve?domain=x", True),
        ("https://user/", True),
        ("http://[broken", False),
    ],
)
def test_a_link_that_names_somebody_stays_behind(url: str, crosses: bool) -> None:
    entity = Entity("text_link", 0, 1, url=url)
    assert nameless((entity, *KEPT)) == ((entity, *KEPT) if crosses else KEPT)
