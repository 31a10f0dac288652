"""Refusals, word for word."""

from typing import Any

import pytest

from tests.simulator.stage import Json, Stage

LONG = "x" * 4097
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)


async def _raw(stage: Stage, path: str) -> tuple[int, Any]:
    async with stage.session.get(f"{stage.simulator.url}{path}") as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/bot123456789:SIM00000000000000000000000000000000/getMe", 401, "Unauthorized"),
        ("/botnonsense/getMe", 401, "Unauthorized: invalid token specified"),
        ("/bot{token}/getMoon", 404, "Not Found: method not found"),
        ("/bot{token}/", 404, "Not Found"),
        ("/bot{token}/getMe/more", 404, "Not Found"),
        ("/file/bot{token}/photos/file_99.jpg", 404, "Not Found"),
    ],
)
async def test_paths(stage: Stage, path: str, status: int, words: str) -> None:
    got, answer = await _raw(stage, path.format(token=stage.bot.token))
    assert (got, answer) == (status, {"ok": False, "error_code": status, "description": words})


async def test_methods_are_known_in_any_case(stage: Stage) -> None:
    assert (await stage.call("GETME"))["id"] == stage.bot.id


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 1, "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": "@nobody_here", "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": "{ada}", "text": ""}, "message text is empty"),
        ("sendMessage", {"chat_id": "{ada}", "text": "  \n "}, "message text is empty"),
        ("sendMessage", {"chat_id": "{ada}", "text": LONG}, "message is too long"),
        ("sendMessage", {"chat_id": "{ada}", "text": "x", "parse_mode": "XML"}, "unsupported parse_mode"),
        (
            "sendMessage",
            {"chat_id": "{ada}", "text": "x", "reply_parameters": {"message_id": 999}},
            "message to be replied not found",
        ),
        ("sendPhoto", {"chat_id": "{ada}"}, "there is no photo in the request"),
        ("sendPhoto", {"chat_id": "{ada}", "photo": "nonsense"}, "wrong file identifier/HTTP URL specified"),
        ("getFile", {"file_id": "nonsense"}, "wrong file_id or the file is temporarily unavailable"),
        (
            "editMessageText",
            {"chat_id": "{ada}", "message_id": 999, "text": "x"},
            "message to edit not found",
        ),
        ("deleteMessage", {"chat_id": "{ada}", "message_id": 999}, "message to delete not found"),
        ("setMessageReaction", {"chat_id": "{ada}", "message_id": 999}, "message to react not found"),
        ("pinChatMessage", {"chat_id": "{ada}", "message_id": 999}, "message to pin not found"),
        (
            "copyMessage",
            {"chat_id": "{ada}", "from_chat_id": "{ada}", "message_id": 999},
            "message to copy not found",
        ),
        (
            "forwardMessage",
            {"chat_id": "{ada}", "from_chat_id": "{ada}", "message_id": 999},
            "message to forward not found",
        ),
        (
            "answerCallbackQuery",
            {"callback_query_id": "123"},
            "query is too old and response timeout expired or query ID is invalid",
        ),
        ("sendDice", {"chat_id": "{ada}", "emoji": "🍕"}, "dice emoji is invalid"),
        ("sendChatAction", {"chat_id": "{ada}", "action": "dancing"}, "wrong parameter action in request"),
        ("getStickerSet", {"name": "NoSuchSet"}, "STICKERSET_INVALID"),
    ],
)
async def test_bad_requests(stage: Stage, method: str, params: dict[str, Any], words: str) -> None:
    filled: Json = {key: stage.ada.id if value == "{ada}" else value for key, value in params.items()}
    refused = await stage.refusal(method, **filled)
    assert (refused.code, refused.words) == (400, f"Bad Request: {words}")


async def test_a_caption_may_have_1024_characters(stage: Stage) -> None:
    photo = await stage.call("sendPhoto", chat_id=stage.ada.id, photo=_photo(stage), caption="😀" * 1024)
    assert len(photo["caption"]) == 1024
    refused = await stage.refusal("sendPhoto", chat_id=stage.ada.id, photo=_photo(stage), caption="x" * 1025)
    assert refused.words == "Bad Request: message caption is too long"


def _photo(stage: Stage) -> str:
    attachment = stage.world.media.made_up("photo", 1000)
    return stage.world.files.id_for(stage.bot.id, attachment.file)


async def test_who_cannot_be_written_to(stage: Stage) -> None:
    stranger = stage.world.people.create()
    refused = await stage.refusal("sendMessage", chat_id=stranger.id, text="x")
    assert (refused.code, refused.words) == (403, "Forbidden: bot can't initiate conversation with a user")
    stage.world.people.block(stage.ada, stage.bot)
    refused = await stage.refusal("sendMessage", chat_id=stage.ada.id, text="x")
    assert (refused.code, refused.words) == (403, "Forbidden: bot was blocked by the user")
    stage.world.people.vanish(stage.bob)
    refused = await stage.refusal("sendMessage", chat_id=stage.bob.id, text="x")
    assert (refused.code, refused.words) == (403, "Forbidden: user is deactivated")
    assert stage.seen() == []


async def test_a_revoked_token_is_401_and_the_new_one_works(stage: Stage) -> None:
    old = stage.bot.token
    new = stage.world.revoke(stage.bot)
    status, answer = await _raw(stage, f"/bot{old}/getMe")
    assert (status, answer["description"]) == (401, "Unauthorized")
    assert (await _raw(stage, f"/bot{new}/getMe"))[0] == 200


async def test_a_frozen_bot(stage: Stage) -> None:
    stage.bot.frozen = True
    assert (await stage.refusal("sendMessage", chat_id=stage.ada.id, text="x")).words == (
        "Bad Request: FROZEN_METHOD_INVALID"
    )


async def test_an_edit_must_change_something(stage: Stage) -> None:
    sent = await stage.send("as it was")
    same: Json = {"chat_id": stage.ada.id, "message_id": sent["message_id"]}
    assert (await stage.refusal("editMessageText", **same, text="as it was")).words == NOT_MODIFIED
    assert (await stage.call("editMessageText", **same, text="new"))["edit_date"] > 0


async def test_an_old_button(stage: Stage) -> None:
    sent = await stage.send(reply_markup={"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]})
    stage.world.deeds.press(stage.ada, stage.bot, sent["message_id"], "yes")
    query = (await stage.updates())[0]["callback_query"]["id"]
    refused = await stage.refusal("answerCallbackQuery", bot=stage.other, callback_query_id=query)
    assert refused.code == 400
    assert await stage.call("answerCallbackQuery", callback_query_id=query, text="fine") is True
    stage.clock.advance(151)
    refused = await stage.refusal("answerCallbackQuery", callback_query_id=query)
    assert refused.words.startswith("Bad Request: query is too old")


async def test_messages_older_than_two_days_stay(stage: Stage) -> None:
    sent = await stage.send()
    stage.clock.advance(48 * 3600 + 1)
    refused = await stage.refusal("deleteMessage", chat_id=stage.ada.id, message_id=sent["message_id"])
    assert refused.words == "Bad Request: message can't be deleted for everyone"


async def test_voices_may_be_unwelcome(stage: Stage) -> None:
    shy = stage.world.people.create(refuses=frozenset(("voice",)))
    stage.world.people.open(shy, stage.bot)
    voice = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("voice", 500).file)
    refused = await stage.refusal("sendVoice", chat_id=shy.id, voice=voice)
    assert (refused.code, refused.words) == (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
