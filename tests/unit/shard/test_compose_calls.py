"""Calls and refusals: what Telegram is asked for, and what is made of its no."""

import pytest

from core.domain.content import Dice, Entity, File, Location, Media, MediaKind, Poll, Text
from core.domain.envelope import Amend, React, Relay, Remove, Unsend
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.state.redis.vault_counts import Use
from shard.outbound import compose, refusals
from shard.outbound.compose import Call
from shard.outbound.media import Media as Ladder
from shard.telegram import Refused

TO = PersonId(5)


PHOTO = Media(MediaKind.PHOTO, File("f", "u"), caption="c", entities=(Entity("bold", 0, 1),), spoiler=True)


def _relay(content: object, **more: object) -> Relay:
    return Relay(ConversationId(1), 0, PersonId(2), BotId(3), MessageId(4), content, **more)  # type: ignore[arg-type]


def test_a_reply_names_the_readers_own_message_and_its_quote() -> None:
    body = _relay(
        Text("x"), reply_to=MessageId(9), quote="q", quote_position=2, quote_entities=(Entity("bold", 0, 1),)
    )
    params = compose.relayed(TO, body, MessageId(11), None).params
    assert params["reply_parameters"] == {
        "message_id": 11,
        "allow_sending_without_reply": True,
        "quote": "q",
        "quote_position": 2,
        "quote_entities": [{"type": "bold", "offset": 0, "length": 1}],
    }
    assert "reply_parameters" not in compose.relayed(TO, body, None, None).params


def test_traits_are_kept() -> None:
    params = compose.relayed(
        TO, _relay(Text("x"), silent=True, protected=True, effect="7"), None, None
    ).params
    assert params["disable_notification"]
    assert params["protect_content"]
    assert params["message_effect_id"] == "7"


def test_an_album_weighs_its_items_and_needs_their_files() -> None:
    call = compose.album(TO, [_relay(PHOTO), _relay(PHOTO)], None)
    assert (call.method, call.weight, len(call.needs)) == ("sendMediaGroup", 2, 2)
    for need in call.needs:
        need.holder[need.key] = "id"
    assert [item["media"] for item in call.params["media"]] == ["id", "id"]


@pytest.mark.parametrize(
    ("content", "same", "method"),
    [
        (Text("x"), False, "editMessageText"),
        (PHOTO, True, "editMessageCaption"),
        (PHOTO, False, "editMessageMedia"),
        (Media(MediaKind.VOICE, File("f", "u"), caption="c"), False, "editMessageCaption"),
        (Media(MediaKind.STICKER, File("f", "u")), False, None),
        (Media(MediaKind.VIDEO_NOTE, File("f", "u")), True, None),
        (Location(1.0, 2.0, live_period=60), False, "editMessageLiveLocation"),
        (Location(1.0, 2.0), False, "stopMessageLiveLocation"),
        (Poll("q", ()), False, None),
    ],
)
def test_edits_take_the_method_that_fits(
    content: Text | Media | Location | Poll, same: bool, method: str | None
) -> None:
    call = compose.amended(TO, MessageId(3), content, same_file=same)
    assert (call.method if call else None) == method


@pytest.mark.parametrize(
    ("value", "face"), [(1, "BAR BAR BAR"), (64, "7️⃣ 7️⃣ 7️⃣"), (22, "🍇 🍇 🍇"), (43, "🍋 🍋 🍋")]
)
def test_the_reels_of_a_slot_machine(value: int, face: str) -> None:
    assert compose.face(Dice("🎰", value)) == face


def test_a_copy_from_a_vault_has_the_readers_caption_and_no_other() -> None:
    call = compose.relayed(TO, _relay(PHOTO), MessageId(8), None)
    copied = compose.from_vault(call, PHOTO, Use(-100, "once"), 6)
    assert copied.method == "copyMessage"
    assert copied.params["caption"] == "c"
    assert copied.params["reply_parameters"]["message_id"] == 8
    assert not copied.needs
    bare = Media(MediaKind.DOCUMENT, File("f", "u"))
    assert compose.from_vault(call, bare, Use(-100, "once"), 6).params["caption"] == ""


def _refused(words: str) -> Refused:
    return Refused("sendMessage", 400, f"Bad Request: {words}")


def test_a_refusal_becomes_one_sentence() -> None:
    body = _relay(Text("x"))
    assert refusals.words_for(_refused("VOICE_MESSAGES_FORBIDDEN"), body) == "not_delivered_voice"
    assert refusals.words_for(_refused("message is too long"), body) == "not_delivered_too_long"
    assert refusals.words_for(_refused("file is too big"), body) == "not_delivered_too_big"
    assert refusals.words_for(_refused("whatever"), body) == "not_delivered_refused"


def test_what_is_so_already_is_no_failure() -> None:
    common = (ConversationId(1), 0, PersonId(2), BotId(3), MessageId(4))
    amend, react = Amend(*common, Text("x")), React(*common)
    unsend, remove = Unsend(*common, MessageId(5)), Remove((MessageId(1),))
    assert refusals.harmless(_refused("message is not modified: and so on"), amend)
    assert refusals.harmless(_refused("message to react not found"), react)
    assert refusals.harmless(_refused("message can't be deleted"), remove)
    assert not refusals.harmless(_refused("message can't be deleted"), unsend)
    assert not refusals.harmless(_refused("message is not modified"), _relay(Text("x")))


def test_an_ornament_is_left_out_rather_than_the_message() -> None:
    reply = {"message_id": 1, "quote": "q", "quote_position": 3}
    call = Call("sendMessage", {"reply_parameters": reply, "message_effect_id": "1"})
    milder = refusals.milder(_refused("QUOTE_TEXT_INVALID"), call)
    assert milder is not None
    assert milder.params["reply_parameters"] == {"message_id": 1}
    assert refusals.milder(_refused("QUOTE_TEXT_INVALID"), milder) is None
    plain = refusals.milder(_refused("EFFECT_ID_INVALID"), milder)
    assert plain is not None
    assert "message_effect_id" not in plain.params


def test_a_milder_call_still_has_its_files() -> None:
    body = _relay(PHOTO, reply_to=MessageId(9), quote="words")
    call = compose.relayed(TO, body, MessageId(4), None)
    milder = refusals.milder(Refused("sendPhoto", 400, "Bad Request: QUOTE_TEXT_INVALID"), call)
    assert milder is not None
    assert "quote" not in milder.params["reply_parameters"]
    (need,) = milder.needs
    assert need.holder is milder.params


def test_a_file_of_this_bot_is_always_at_hand() -> None:
    ladder = Ladder(BotId(3), None, None, None, None, None)  # type: ignore[arg-type]  # asks nobody
    call = compose.relayed(TO, _relay(PHOTO), None, None)
    assert ladder.at_hand(call, BotId(3))
    assert not ladder.at_hand(call, BotId(4))
