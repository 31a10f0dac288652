"""Everything the simulator says has the shape the Bot API gives it: each answer and each update is read by
aiogram's types, and no field may be left over."""

import io
from typing import Any

import aiohttp
import pytest
from aiogram.types import Update
from pydantic import BaseModel, TypeAdapter

from simulator.world.samples import png
from tests.simulator.stage import Json, Stage
from tests.simulator.test_tables import AIOGRAM


def _left_over(value: Any, path: str) -> list[str]:
    if isinstance(value, BaseModel):
        found = [f"{path}.{name}" for name in value.model_extra or {}]
        for name in value.model_fields_set:
            found += _left_over(getattr(value, name, None), f"{path}.{name}")
        return found
    if isinstance(value, list):
        return [one for place, item in enumerate(value) for one in _left_over(item, f"{path}[{place}]")]
    return []


def read(kind: Any, value: Any, path: str) -> None:
    """Fails when a value does not have a type's shape, or more than it."""
    assert _left_over(TypeAdapter(kind).validate_python(value), path) == []


class Reader:
    """Calls methods and reads every answer."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.called: set[str] = set()

    async def call(self, method: str, params: Any = None, **more: Any) -> Any:
        result = await self.stage.call(method, params, **more)
        self.called.add(method)
        read(AIOGRAM[method].__returning__, result, method)
        return result


BODIES: list[Json] = [
    {"location": {"latitude": 1.0, "longitude": 2.0}},
    {"venue": {"location": {"latitude": 1.0, "longitude": 2.0}, "title": "a", "address": "b"}},
    {"contact": {"phone_number": "+1", "first_name": "A"}},
    {"dice": {"emoji": "🎲", "value": 3}},
]


@pytest.mark.parametrize("kind", ["photo", "video", "animation", "audio", "voice", "video_note", "document"])
async def test_updates_with_media(stage: Stage, kind: str) -> None:
    stage.world.deeds.attach(stage.ada, stage.bot, stage.world.media.made_up(kind, 5000), "caption")
    [update] = await stage.updates()
    read(Update, update, "update")
    assert kind in update["message"]


async def test_every_other_kind_of_update(stage: Stage) -> None:
    deeds, people = stage.world.deeds, stage.world.people
    await stage.updates(
        allowed_updates=[
            "message",
            "edited_message",
            "callback_query",
            "message_reaction",
            "poll",
            "poll_answer",
            "my_chat_member",
        ]
    )
    said = deeds.say(stage.ada, stage.bot, "@some_one #tag", [{"type": "bold", "offset": 0, "length": 3}])
    deeds.say(stage.ada, stage.bot, "reply", reply_to=said.id, quote="tag")
    deeds.edit(stage.ada, stage.bot, said.id, text="edited")
    for body in BODIES:
        deeds.put(stage.ada, stage.bot, body)
    deeds.put(stage.ada, stage.bot, {"poll": stage.world.polls.create("?", ["a", "b"])})
    for one in stage.world.stickers.sets.values():
        deeds.attach(stage.ada, stage.bot, one.stickers[0])
    items = [(stage.world.media.made_up("photo", 500), "one"), (stage.world.media.made_up("video", 500), "")]
    deeds.album(stage.ada, stage.bot, items)
    sent = await stage.send(reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]})
    deeds.press(stage.ada, stage.bot, sent["message_id"], "y")
    deeds.react(stage.ada, stage.bot, sent["message_id"], [{"type": "emoji", "emoji": "👍"}])
    poll = await stage.call(
        "sendPoll",
        chat_id=stage.ada.id,
        question="?",
        options=[{"text": "a"}, {"text": "b"}],
        is_anonymous=False,
    )
    deeds.vote(stage.ada, stage.bot, poll["message_id"], [0])
    people.block(stage.ada, stage.bot)
    people.unblock(stage.ada, stage.bot)
    updates = await stage.updates()
    for update in updates:
        read(Update, update, str(set(update)))
    kinds = {name for update in updates for name in update} - {"update_id"}
    assert kinds == {
        "message",
        "edited_message",
        "callback_query",
        "message_reaction",
        "poll",
        "poll_answer",
        "my_chat_member",
    }


async def test_every_answer(stage: Stage) -> None:
    reader = Reader(stage)
    to: Json = {"chat_id": stage.ada.id}
    text = (await reader.call("sendMessage", **to, text="x", reply_markup=_buttons()))["message_id"]
    reply: Json = {"message_id": text, "quote": "x"}
    await reader.call("sendMessage", **to, text="<b>x</b>", parse_mode="HTML", reply_parameters=reply)
    await _media(reader, to)
    await reader.call("sendLocation", **to, latitude=1, longitude=2, live_period=60)
    live = stage.seen()[-1].id
    await reader.call("editMessageLiveLocation", **to, message_id=live, latitude=2, longitude=3)
    await reader.call("stopMessageLiveLocation", **to, message_id=live)
    await reader.call("sendVenue", **to, latitude=1, longitude=2, title="a", address="b")
    await reader.call("sendContact", **to, phone_number="+1", first_name="A")
    await reader.call("sendDice", **to)
    await reader.call("sendChatAction", **to, action="typing")
    quiz: Json = {
        "type": "quiz",
        "correct_option_ids": [0],
        "explanation": "*why*",
        "explanation_parse_mode": "Markdown",
    }
    await reader.call("sendPoll", **to, question="?", options=[{"text": "a"}, {"text": "b"}], **quiz)
    await reader.call("stopPoll", **to, message_id=stage.seen()[-1].id)
    source: Json = {**to, "from_chat_id": stage.ada.id}
    await reader.call("copyMessage", **source, message_id=text)
    await reader.call("copyMessages", **source, message_ids=[text])
    await reader.call("forwardMessage", **source, message_id=text)
    await reader.call("forwardMessages", **source, message_ids=[text])
    await reader.call("editMessageText", **to, message_id=text, text="y")
    await reader.call("editMessageReplyMarkup", **to, message_id=text, reply_markup=_buttons())
    await reader.call(
        "setMessageReaction", **to, message_id=text, reaction=[{"type": "emoji", "emoji": "👍"}]
    )
    await reader.call("pinChatMessage", **to, message_id=text)
    await reader.call("unpinChatMessage", **to, message_id=text)
    await reader.call("unpinAllChatMessages", **to)
    await reader.call("deleteMessages", **to, message_ids=[live])
    await _questions(reader, to)
    stage.world.deeds.press(stage.ada, stage.bot, text, "y")
    query = next(one for one in await stage.updates() if "callback_query" in one)["callback_query"]["id"]
    await reader.call("answerCallbackQuery", callback_query_id=query)
    await reader.call("deleteMessage", **to, message_id=text)
    assert set(AIOGRAM) & reader.called == reader.called
    assert {"sendMessage", "sendMediaGroup", "editMessageMedia", "getChat"} <= reader.called


def _buttons() -> Json:
    return {"inline_keyboard": [[{"text": "y", "callback_data": "y"}]]}


async def _media(reader: Reader, to: Json) -> None:
    stage = reader.stage
    for kind in ("video", "animation", "audio", "voice", "video_note", "document", "sticker"):
        form = aiohttp.FormData({"chat_id": str(stage.ada.id)})
        form.add_field(kind, io.BytesIO(b"bytes"), filename="a.bin")
        await reader.call("send" + "".join(word.capitalize() for word in kind.split("_")), form)
    photo = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("photo", 900).file)
    video = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("video", 900).file)
    await reader.call(
        "sendPhoto", **to, photo=photo, caption="x", has_spoiler=True, show_caption_above_media=True
    )
    shown = stage.seen()[-1].id
    await reader.call("editMessageCaption", **to, message_id=shown, caption="y")
    await reader.call(
        "editMessageMedia", **to, message_id=shown, media={"type": "video", "media": video, "cover": photo}
    )
    await reader.call("sendVideo", **to, video=video, cover=photo, start_timestamp=3)
    form = aiohttp.FormData({"chat_id": str(stage.ada.id)})
    form.add_field("live_photo", io.BytesIO(b"bytes"), filename="a.mp4")
    form.add_field("photo", io.BytesIO(png(10, 10, 1, 2, 3)), filename="a.png")
    await reader.call("sendLivePhoto", form)
    items = [{"type": "photo", "media": photo}, {"type": "video", "media": video}]
    await reader.call("sendMediaGroup", **to, media=items)
    await reader.call("getFile", file_id=photo)


async def _questions(reader: Reader, to: Json) -> None:
    for method in ("getMe", "getMyCommands", "getMyName", "getMyDescription", "getMyShortDescription"):
        await reader.call(method)
    for method in (
        "getChatMenuButton",
        "getMyDefaultAdministratorRights",
        "getWebhookInfo",
        "logOut",
        "close",
    ):
        await reader.call(method)
    await reader.call("getChat", **to)
    await reader.call("getChatMember", **to, user_id=reader.stage.ada.id)
    await reader.call("getChatMemberCount", **to)
    await reader.call("getStickerSet", name="SimFaces_by_sim")
    await reader.call("getCustomEmojiStickers", custom_emoji_ids=list(reader.stage.world.stickers.emoji))
    await reader.call("getUserProfilePhotos", user_id=reader.stage.ada.id)
    channel = reader.stage.world.create_channel("c")
    channel.members[reader.stage.bot.id] = "administrator"
    where: Json = {"chat_id": channel.id}
    await reader.call("getChat", **where)
    await reader.call("getChatMember", **where, user_id=reader.stage.bot.id)
    await reader.call("getChatAdministrators", **where)
    await reader.call("sendMessage", **where, text="post")
    await reader.call("leaveChat", **where)
