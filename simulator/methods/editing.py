"""Changing and removing what was sent, and reacting to it."""

from typing import Any

from simulator.errors import bad_request
from simulator.methods.call import Call
from simulator.methods.parts import caption_body, check_inline, find, shown, text_body
from simulator.methods.sending import location_body, media_item
from simulator.world.actors import Bot, Json
from simulator.world.chats import Channel, PrivateChat
from simulator.world.identity import MessageId
from simulator.world.messages import Attachment, Message

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
_DELETABLE = 48 * 3600.0
_REACTION_EMOJI = """
    ❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚
    🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍
    🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡
"""
#: What bots and people may react with, of Telegram's own emoji.
REACTIONS = frozenset(_REACTION_EMOJI.split())
_CAPTION = ("caption", "caption_entities", "show_caption_above_media", "has_media_spoiler")


def _own(call: Call) -> Message:
    """The bot's own message that is to be changed."""
    if "inline_message_id" in call.params:
        raise bad_request("MESSAGE_ID_INVALID")
    if "chat_id" not in call.params:
        raise bad_request("chat_id is empty")
    if "message_id" not in call.params:
        raise bad_request("message identifier is not specified")
    chat = call.chat()
    message = find(chat, call.params["message_id"], "edit")
    if message.by != call.bot.id or message.is_service:
        raise bad_request("message can't be edited")
    return message


def _change(
    call: Call, message: Message, body: Json, attachment: Attachment | None, markup: Json | None
) -> Json:
    """Puts the new content in place; ApiError 400 when nothing is new."""
    if message.body == body and message.attachment is attachment and message.markup == markup:
        raise bad_request(_NOT_MODIFIED)
    if message.body != body or message.attachment is not attachment:
        message.edited_at = call.world.clock.wall()
        message.edits += 1
    message.body, message.attachment, message.markup = body, attachment, markup
    call.changed(message)
    return call.shown(message)


def _new_markup(call: Call) -> Json | None:
    markup = call.params.get("reply_markup")
    return None if markup is None else check_inline(markup)


def edit_text(call: Call) -> Json:
    message = _own(call)
    new = text_body(call.params)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    body = {
        key: value
        for key, value in message.body.items()
        if key not in ("text", "entities", "link_preview_options")
    }
    return _change(call, message, body | new, message.attachment, _new_markup(call))


def edit_caption(call: Call) -> Json:
    message = _own(call)
    if message.attachment is None or message.attachment.kind in ("sticker", "video_note"):
        raise bad_request("there is no caption in the message to edit")
    body = {key: value for key, value in message.body.items() if key not in _CAPTION[:3]}
    return _change(call, message, body | caption_body(call.params), message.attachment, _new_markup(call))


def edit_media(call: Call) -> Json:
    message = _own(call)
    if message.attachment is None and "text" not in message.body:
        raise bad_request("message can't be edited")
    attachment, new = media_item(call, call.params["media"])
    if "media_group_id" in message.body and message.attachment is not None:
        album = {"photo", "video", "live_photo"}
        if (
            attachment.kind != message.attachment.kind
            and not {attachment.kind, message.attachment.kind} <= album
        ):
            raise bad_request("can't use media of the specified type in the album")
    dropped = (*_CAPTION, "text", "entities", "link_preview_options")
    body = {key: value for key, value in message.body.items() if key not in dropped}
    return _change(call, message, body | new, attachment, _new_markup(call))


def edit_markup(call: Call) -> Json:
    message = _own(call)
    return _change(call, message, message.body, message.attachment, _new_markup(call))


def edit_live_location(call: Call) -> Json:
    message = _own(call)
    old = message.body.get("location")
    if old is None or "live_period" not in old:
        raise bad_request("message is not a live location message")
    body = message.body | {"location": {"live_period": old["live_period"]} | location_body(call.params)}
    return _change(call, message, body, None, _new_markup(call))


def stop_live_location(call: Call) -> Json:
    message = _own(call)
    old = message.body.get("location")
    if old is None or "live_period" not in old:
        raise bad_request("message is not a live location message")
    place = {key: old[key] for key in ("latitude", "longitude")}
    return _change(call, message, message.body | {"location": place}, None, _new_markup(call))


def stop_poll(call: Call) -> Json:
    chat = call.chat()
    message = find(chat, call.params["message_id"], "edit")
    poll: Json | None = message.body.get("poll")
    if poll is None or message.by != call.bot.id:
        raise bad_request("message with poll to stop not found")
    if poll["is_closed"]:
        raise bad_request("poll has already been closed")
    poll["is_closed"] = True
    message.markup = _new_markup(call)
    call.changed(message)
    return poll


def _remove(call: Call, message: Message) -> None:
    message.deleted = True
    chat = message.chat
    if isinstance(chat, PrivateChat):
        for listener in call.world.hooks.on_removed:
            listener(chat.person, chat.bot, message)


def _check_age(call: Call, message: Message) -> None:
    if call.world.clock.wall() - message.at > _DELETABLE:
        raise bad_request("message can't be deleted for everyone")


def delete_message(call: Call) -> bool:
    chat = call.world.chat_to_read(call.bot, call.params["chat_id"])
    message = find(chat, call.params["message_id"], "delete")
    _check_age(call, message)
    if isinstance(chat, Channel) and chat.members.get(call.bot.id) != "administrator":
        raise bad_request("message can't be deleted")
    _remove(call, message)
    return True


def delete_messages(call: Call) -> bool:
    chat = call.world.chat_to_read(call.bot, call.params["chat_id"])
    ids = call.params["message_ids"]
    if not 1 <= len(ids) <= 100:
        raise bad_request(
            "message identifiers are not specified" if not ids else "too many message identifiers specified"
        )
    found = [message for one in ids if (message := chat.messages.get(MessageId(one))) and not message.deleted]
    for message in found:
        _check_age(call, message)
    for message in found:
        _remove(call, message)
    return True


def set_reaction(call: Call) -> bool:
    chat = call.chat()
    message = find(chat, call.params["message_id"], "react")
    wanted: list[Json] = call.params.get("reaction", [])
    if len(wanted) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    for reaction in wanted:
        if reaction["type"] == "paid" or (
            reaction["type"] == "emoji" and reaction["emoji"].rstrip("\ufe0f") not in REACTIONS
        ):
            raise bad_request("REACTION_INVALID")
        if (
            reaction["type"] == "custom_emoji"
            and reaction["custom_emoji_id"] not in call.world.stickers.emoji
        ):
            raise bad_request("REACTION_INVALID")
    message.bot_reaction = wanted
    if isinstance(chat, PrivateChat):
        for listener in call.world.hooks.on_reacted:
            listener(chat.person, chat.bot, message)
    return True


def pin(call: Call) -> bool:
    chat = call.chat()
    message = find(chat, call.params["message_id"], "pin")
    if message.pinned:
        return True
    message.pinned = True
    author: Bot | None = call.bot if isinstance(chat, PrivateChat) else None
    line = Message(
        chat.next_id(), chat, author, call.world.clock.wall(), {"pinned_message": message}, by=call.bot.id
    )
    call.world.keep(line)
    if isinstance(chat, PrivateChat):
        call.world.tell(call.bot, "message", call.shown(line), chat.id)
    shown(call, line)
    return True


def unpin(call: Call) -> bool:
    chat = call.chat()
    if "message_id" in call.params:
        pinned = find(chat, call.params["message_id"], "unpin")
        if not pinned.pinned:
            raise bad_request("message to unpin not found")
        found = [pinned]
    else:
        found = [message for message in chat.messages.values() if message.pinned][-1:]
    for message in found:
        message.pinned = False
        call.changed(message)
    return True


def unpin_all(call: Call) -> bool:
    for message in call.chat().messages.values():
        message.pinned = False
    return True


def answer_callback(call: Call) -> bool:
    params = call.params
    text = params.get("text", "")
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    call.world.callbacks.answer(
        call.bot.id, params["callback_query_id"], text, alert=params.get("show_alert", False)
    )
    return True


METHODS: dict[str, Any] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageMedia": edit_media,
    "editMessageReplyMarkup": edit_markup,
    "editMessageLiveLocation": edit_live_location,
    "stopMessageLiveLocation": stop_live_location,
    "stopPoll": stop_poll,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "setMessageReaction": set_reaction,
    "pinChatMessage": pin,
    "unpinChatMessage": unpin,
    "unpinAllChatMessages": unpin_all,
    "answerCallbackQuery": answer_callback,
}
