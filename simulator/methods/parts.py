"""What many methods have in common: texts, replies, keyboards, files, and the posting itself."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from simulator.errors import ApiError, bad_request
from simulator.methods.call import Call
from simulator.tables.check import Upload
from simulator.text import html, markdown, utf16
from simulator.text.entities import QUOTABLE, Entity, tidy
from simulator.world.actors import Json
from simulator.world.chats import Channel, Chat, PrivateChat
from simulator.world.identity import MessageId
from simulator.world.media import Source
from simulator.world.messages import Attachment, Message

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
QUOTE_LIMIT = 1024
UPLOAD_LIMIT = 50 * 1024 * 1024
LOCAL_UPLOAD_LIMIT = 2000 * 1024 * 1024

_PARSERS: dict[str, Callable[[str], tuple[str, list[Entity]]]] = {
    "html": html.parse,
    "markdownv2": markdown.parse,
    "markdown": markdown.parse_legacy,
}
_DEFAULT_NAMES = {
    "video": "video.mp4",
    "animation": "animation.mp4",
    "audio": "audio.mp3",
    "document": "file",
}


def formatted(text: str, mode: str, entities: list[Entity] | None) -> tuple[str, list[Entity]]:
    """A text with its entities, given or by parse mode."""
    if mode:
        parser = _PARSERS.get(mode.lower())
        if parser is None:
            raise bad_request("unsupported parse_mode")
        text, entities = parser(text)
    return tidy(text, entities or [])


def text_body(params: Json) -> Json:
    """`text` and `entities` of a message from the fields of sendMessage and its like."""
    text, entities = formatted(params.get("text", ""), params.get("parse_mode", ""), params.get("entities"))
    if not text:
        raise bad_request("message text is empty")
    if len(text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    body: Json = {"text": text}
    if entities:
        body["entities"] = entities
    preview = params.get("link_preview_options")
    if preview is None and params.get("disable_web_page_preview"):
        preview = {"is_disabled": True}
    if preview:
        body["link_preview_options"] = preview
    return body


def caption_body(params: Json) -> Json:
    """`caption`, `caption_entities` and how they are shown."""
    body: Json = {}
    if params.get("caption"):
        mode = params.get("parse_mode", "")
        text, entities = formatted(params["caption"], mode, params.get("caption_entities"))
        if len(text) > CAPTION_LIMIT:
            raise bad_request("message caption is too long")
        if text:
            body["caption"] = text
        if entities:
            body["caption_entities"] = entities
    if params.get("show_caption_above_media"):
        body["show_caption_above_media"] = True
    if params.get("has_spoiler"):
        body["has_media_spoiler"] = True
    return body


def find(chat: Chat, message_id: int, doing: str) -> Message:
    """A message by id; ApiError 400 `message to <doing> not found`."""
    message = chat.messages.get(MessageId(message_id))
    if message is None or message.deleted:
        raise bad_request(f"message to {doing} not found")
    return message


def _reply(call: Call, chat: Chat) -> tuple[Message | None, Json]:
    """The message replied to, and the fields that tell of it."""
    wanted: Json | None = call.params.get("reply_parameters")
    if wanted is None:
        if "reply_to_message_id" not in call.params:
            return None, {}
        wanted = {
            "message_id": call.params["reply_to_message_id"],
            "allow_sending_without_reply": call.params.get("allow_sending_without_reply", False),
        }
    if not wanted.get("message_id"):
        return None, {}
    source = call.world.chat_to_read(call.bot, wanted["chat_id"]) if "chat_id" in wanted else chat
    answered = source.messages.get(MessageId(wanted["message_id"]))
    if answered is None or answered.deleted:
        if wanted.get("allow_sending_without_reply"):
            return None, {}
        raise bad_request("message to be replied not found")
    extra: Json = {}
    if wanted.get("quote"):
        extra["quote"] = _quote(answered, wanted)
    if source is chat:
        return answered, extra
    origin = {
        "type": "channel",
        "chat": source.chat_json,
        "message_id": answered.id,
        "date": int(answered.at),
    }
    extra["external_reply"] = {"origin": origin, "chat": source.chat_json, "message_id": answered.id}
    return None, extra


def _quote(answered: Message, wanted: Json) -> Json:
    """The quoted part, which must stand in the message exactly so."""
    mode = wanted.get("quote_parse_mode", "")
    text, entities = formatted(wanted["quote"], mode, wanted.get("quote_entities"))
    if utf16.length(text) > QUOTE_LIMIT:
        raise bad_request("QUOTE_TEXT_INVALID")
    said = str(answered.body.get("text") or answered.body.get("caption") or "")
    near = utf16.index(said, wanted.get("quote_position", 0)) or 0
    place = said.find(text, near)
    if place < 0:
        place = said.rfind(text)
    if not text or place < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    quote: Json = {"text": text, "position": utf16.length(said[:place]), "is_manual": True}
    kept = [one for one in entities if one["type"] in QUOTABLE]
    if kept:
        quote["entities"] = kept
    return quote


_TEXT_BUTTON = "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"


def check_inline(markup: Json) -> Json | None:
    """An inline keyboard as it is kept; None when it has no buttons. Button rules of Telegram's."""
    rows = [row for row in markup["inline_keyboard"] if row]
    for row in rows:
        for button in row:
            if not button["text"].strip():
                raise bad_request(_TEXT_BUTTON)
            if len(button) - sum(extra in button for extra in ("text", "style", "icon_custom_emoji_id")) < 1:
                raise bad_request(_TEXT_BUTTON)
            data = button.get("callback_data")
            if data is not None and not 1 <= len(data.encode()) <= 64:
                raise bad_request("BUTTON_DATA_INVALID")
            if "url" in button and not _is_link(button["url"]):
                raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    return {"inline_keyboard": rows} if rows else None


def _is_link(url: str) -> bool:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme == "tg":
        return True
    return bool(parts.hostname) and ("." in str(parts.hostname) or parts.hostname == "localhost")


def apply_markup(call: Call, chat: Chat) -> Json | None:
    """Shows a reply keyboard to the person at once; gives back an inline keyboard for the message."""
    markup: Json | None = call.params.get("reply_markup")
    if markup is None:
        return None
    if "inline_keyboard" in markup:
        return check_inline(markup)
    if isinstance(chat, PrivateChat):
        if "keyboard" in markup:
            if not any(markup["keyboard"]):
                raise bad_request("keyboard must be non-empty")
            chat.keyboard = markup
        elif "remove_keyboard" in markup:
            chat.keyboard = None
    return None


def input_file(
    call: Call, value: Any, kind: str, given: Json | None = None, thumbnail: Any = None
) -> Attachment:
    """The attachment behind a file field: an upload, `attach://name`, a file id, a local server's path."""
    given = given or {}
    if isinstance(value, str) and value.startswith("attach://"):
        name = value.removeprefix("attach://")
        if name not in call.uploads:
            raise bad_request("wrong file identifier/HTTP URL specified")
        value = call.uploads[name]
    if isinstance(value, str):
        if value.startswith("file://"):
            return call.world.media.make(kind, _local(call, value, kind, given))
        if value.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        return call.world.media.resend(call.world.files.for_sending(call.bot.id, value), kind)
    small = None if thumbnail is None else upload_source(call, thumbnail)
    return call.world.media.make(kind, _source(call, value, kind, given), small)


def upload_source(call: Call, value: Any) -> Source | None:
    """A thumbnail: an upload, direct or by `attach://name`; anything else is passed over."""
    if isinstance(value, str) and value.startswith("attach://"):
        value = call.uploads.get(value.removeprefix("attach://"))
    if not isinstance(value, Upload):
        return None
    return Source(value.content, value.name, value.mime)


def _source(call: Call, upload: Upload, kind: str, given: Json) -> Source:
    if upload.size > (LOCAL_UPLOAD_LIMIT if call.world.options.local else UPLOAD_LIMIT):
        raise ApiError(413, "Request Entity Too Large")
    return Source(
        upload.content,
        upload.name or _DEFAULT_NAMES.get(kind, ""),
        upload.mime if upload.mime != "application/octet-stream" else "",
        int(given.get("width") or given.get("length") or 0),
        int(given.get("height") or given.get("length") or 0),
        given.get("duration", 0),
        given.get("title", ""),
        given.get("performer", ""),
        given.get("emoji", ""),
    )


def _local(call: Call, url: str, kind: str, given: Json) -> Source:
    path = Path(unquote(urlsplit(url).path))
    if not call.world.options.local or not path.is_file():
        raise bad_request("wrong file identifier/HTTP URL specified")
    copy = call.world.files.folder() / f"local-{len(call.world.files)}{path.suffix}"
    shutil.copyfile(path, copy)
    upload = Upload(copy, path.name, "", copy.stat().st_size)
    return _source(call, upload, kind, given)


def post(call: Call, chat: Chat, body: Json, attachment: Attachment | None = None) -> Message:
    """Sends: makes the message, keeps it, lets the person see it."""
    params = call.params
    answered, extra = _reply(call, chat)
    markup = apply_markup(call, chat)
    if extra:
        body |= extra
    if params.get("protect_content"):
        body["has_protected_content"] = True
    if "message_effect_id" in params and isinstance(chat, PrivateChat):
        body["effect_id"] = params["message_effect_id"]
    author = call.bot if isinstance(chat, PrivateChat) else None
    message = Message(
        chat.next_id(),
        chat,
        author,
        call.world.clock.wall(),
        body,
        attachment,
        markup,
        answered,
        call.bot.id,
        silent=bool(params.get("disable_notification")),
    )
    call.world.keep(message)
    shown(call, message)
    return message


def shown(call: Call, message: Message) -> None:
    """Tells who listens that a person is shown a new message."""
    chat = message.chat
    if isinstance(chat, Channel):
        return
    for listener in call.world.hooks.on_shown:
        listener(chat.person, chat.bot, message)
