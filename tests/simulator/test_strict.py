"""Calls with fields that are unknown or of another type, in every form a call can come in."""

from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest

from simulator.errors import ApiError
from simulator.tables.check import check_call
from tests.simulator.stage import Json, Stage

BUTTON = {"text": "x", "callback_data": "y"}


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("sendMessage", {"chat": 1}, 'method sendMessage has no field "chat"'),
        ("getMe", {"chat_id": 1}, 'method getMe has no field "chat_id"'),
        (
            "sendMessage",
            {"chat_id": 1, "text": ["x"]},
            'can\'t parse field "text": it must be of type String',
        ),
        (
            "sendMessage",
            {"chat_id": 1.5, "text": "x"},
            'can\'t parse field "chat_id": it must be of type Number or String',
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "disable_notification": "perhaps"},
            'can\'t parse field "disable_notification": it must be of type Boolean',
        ),
        (
            "editMessageText",
            {"chat_id": 1, "message_id": "seven", "text": "x"},
            'can\'t parse field "message_id": it must be of type Number',
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "entities": [{"type": "bold", "offset": 0}]},
            "can't parse MessageEntity: Can't find field \"length\"",
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "entities": [{"type": "bold", "offset": 0, "length": 1, "size": 2}]},
            'can\'t parse MessageEntity: there is no field "size"',
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{**BUTTON, "color": "red"}]]}},
            'can\'t parse InlineKeyboardButton: there is no field "color"',
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_markup": {"buttons": []}},
            (
                "can't parse ReplyMarkup: one of inline_keyboard, keyboard, remove_keyboard, force_reply "
                "must be given"
            ),
        ),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": "[]"}, "object expected as reply markup"),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_parameters": "{not json"},
            'can\'t parse field "reply_parameters" JSON object',
        ),
        (
            "setMessageReaction",
            {"chat_id": 1, "message_id": 1, "reaction": [{"type": "smile"}]},
            'can\'t parse ReactionType: type must be one of custom_emoji, emoji, paid in "reaction[0]"',
        ),
        (
            "deleteMessages",
            {"chat_id": 1, "message_ids": 5},
            'can\'t parse field "message_ids": it must be of type Array',
        ),
        ("setMyName", {"name": True}, 'can\'t parse field "name": it must be of type String'),
    ],
)
def test_what_is_refused(method: str, params: Json, words: str) -> None:
    with pytest.raises(ApiError) as error:
        check_call(method, params)
    assert (error.value.code, error.value.description) == (400, f"Bad Request: {words}")


@pytest.mark.parametrize(
    ("method", "given", "field", "value"),
    [
        ("sendMessage", {"chat_id": "12", "text": "x"}, "chat_id", 12),
        ("sendMessage", {"chat_id": "@name", "text": "x"}, "chat_id", "@name"),
        ("sendMessage", {"chat_id": 1, "text": 5}, "text", "5"),
        ("sendMessage", {"chat_id": 1, "text": "x", "protect_content": "true"}, "protect_content", True),
        ("sendMessage", {"chat_id": 1, "text": "x", "protect_content": 0}, "protect_content", False),
        ("sendLocation", {"chat_id": 1, "latitude": "1.5", "longitude": 2}, "latitude", 1.5),
        ("deleteMessages", {"chat_id": 1, "message_ids": "[1,2]"}, "message_ids", [1, 2]),
        (
            "sendMessage",
            {
                "chat_id": 1,
                "text": "x",
                "reply_markup": msgspec.json.encode({"inline_keyboard": [[BUTTON]]}).decode(),
            },
            "reply_markup",
            {"inline_keyboard": [[BUTTON]]},
        ),
        ("sendMessage", {"chat_id": 1, "text": "x", "entities": None}, "entities", None),
    ],
)
def test_what_is_read_from_text(method: str, given: Json, field: str, value: Any) -> None:
    assert check_call(method, given).get(field) == value


async def test_every_form_of_a_call(stage: Stage) -> None:
    url = f"{stage.simulator.url}/bot{stage.bot.token}/sendMessage"
    fields = {"chat_id": str(stage.ada.id), "text": "hällo & <b>", "disable_notification": "true"}
    multipart = aiohttp.FormData()
    for name, value in fields.items():
        multipart.add_field(name, value, content_type="text/plain")
    ways: list[Json] = [
        {"params": fields},
        {"json": {**fields, "method": "sendMessage"}},
        {"data": fields},
        {"json": fields},
        {"data": multipart},
        {"params": {"chat_id": fields["chat_id"]}, "json": {"text": fields["text"]}},
        {
            "data": urlencode(fields),
            "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        },
    ]
    for way in ways:
        async with stage.session.post(url, **way) as response:
            assert (await response.json())["result"]["text"] == "hällo & <b>", way
    async with stage.session.get(url, params=fields) as response:
        assert response.status == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"null"])
async def test_bodies_that_are_no_object(stage: Stage, body: bytes) -> None:
    url = f"{stage.simulator.url}/bot{stage.bot.token}/getMe"
    async with stage.session.post(url, data=body, headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400


async def test_a_method_that_is_not_played_is_named(stage: Stage) -> None:
    refused = await stage.refusal("postStory")
    assert refused.words == "Bad Request: the simulator does not play the method postStory"


async def test_a_forgotten_attachment(stage: Stage) -> None:
    media = [{"type": "photo", "media": "attach://a"}, {"type": "photo", "media": "attach://b"}]
    refused = await stage.refusal("sendMediaGroup", chat_id=stage.ada.id, media=media)
    assert refused.words == "Bad Request: wrong file identifier/HTTP URL specified"
