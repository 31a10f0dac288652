"""From an envelope's body to a call of the Bot API. Pure, but for files, which `media` finds.

The parameters hold nothing of the sender: they are built from the content record alone.
"""

from typing import Any, NamedTuple

import msgspec

from core.domain.content import Entity, Media, MediaKind, Text
from core.domain.envelope import Happening, Notice, Relay
from core.domain.ids import PersonId
from shard.texts import Worded, worded

Params = dict[str, Any]


class Call(NamedTuple):
    """A method with its parameters; `file` names the parameter that takes a file, "" where there is none."""

    method: str
    params: Params
    file: str = ""


_METHODS = {
    MediaKind.PHOTO: "sendPhoto",
    MediaKind.VIDEO: "sendVideo",
    MediaKind.ANIMATION: "sendAnimation",
    MediaKind.VOICE: "sendVoice",
    MediaKind.VIDEO_NOTE: "sendVideoNote",
    MediaKind.AUDIO: "sendAudio",
    MediaKind.DOCUMENT: "sendDocument",
    MediaKind.STICKER: "sendSticker",
}
_CAPTIONED = frozenset(_METHODS) - {MediaKind.VIDEO_NOTE, MediaKind.STICKER}
_VISUAL = {MediaKind.PHOTO, MediaKind.VIDEO, MediaKind.ANIMATION}


def words(to: PersonId, body: Notice | Happening, language: str | None) -> Call:
    """The network's own words, in the recipient's language."""
    if isinstance(body, Happening):
        params = {"conversation": str(body.standing.conversation)}
        return _worded(to, worded(body.change.value, params, language), None)
    return _worded(to, worded(body.key, body.params, language), body.reply_to)


def relayed(to: PersonId, body: Relay) -> Call:
    """The partner's message. For media the file is still to be found: `Call.file`."""
    params: Params = {"chat_id": to}
    if body.silent:
        params["disable_notification"] = True
    if body.protected:
        params["protect_content"] = True
    if body.effect:
        params["message_effect_id"] = body.effect
    content = body.content
    if isinstance(content, Text):
        params["text"] = content.text
        if content.entities:
            params["entities"] = entities(content.entities)
        if content.preview is not None:
            params["link_preview_options"] = msgspec.to_builtins(content.preview)
        return Call("sendMessage", params)
    return _media(params, content)


def entities(those: tuple[Entity, ...]) -> list[dict[str, Any]]:
    """Entities as parameters."""
    return [msgspec.to_builtins(entity) for entity in those]


def _media(params: Params, content: Media) -> Call:
    kind = content.kind
    if kind in _CAPTIONED and content.caption:
        params["caption"] = content.caption
        if content.entities:
            params["caption_entities"] = entities(content.entities)
    if kind in _VISUAL:
        if content.spoiler:
            params["has_spoiler"] = True
        if content.caption_above:
            params["show_caption_above_media"] = True
    if kind is MediaKind.STICKER and content.emoji:
        params["emoji"] = content.emoji
    if kind is MediaKind.VIDEO_NOTE and content.width:
        params["length"] = content.width
    elif kind in (MediaKind.VIDEO, MediaKind.ANIMATION) and content.width:
        params["width"], params["height"] = content.width, content.height
    if content.duration and kind not in (MediaKind.PHOTO, MediaKind.DOCUMENT, MediaKind.STICKER):
        params["duration"] = content.duration
    if kind is MediaKind.AUDIO:
        params.update({name: value for name in ("title", "performer") if (value := getattr(content, name))})
    return Call(_METHODS[kind], params, file=kind.value)


def _worded(to: PersonId, said: Worded, reply_to: int | None) -> Call:
    params: Params = {"chat_id": to, "text": said.html, "parse_mode": "HTML"}
    if said.rows:
        params["reply_markup"] = {
            "inline_keyboard": [
                [
                    {"text": label, "url" if "://" in target else "callback_data": target}
                    for label, target in row
                ]
                for row in said.rows
            ]
        }
    if reply_to is not None:
        params["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
    return Call("sendMessage", params)
