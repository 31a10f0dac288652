"""From an envelope's body to a call of the Bot API. Pure, but for files, which `media` finds.

The parameters hold nothing of the sender: they are built from the content record alone.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, assert_never

import msgspec

from core.domain.content import (
    Contact,
    Content,
    Dice,
    Entity,
    File,
    Location,
    Media,
    MediaKind,
    Poll,
    Text,
    Venue,
)
from core.domain.conversation import Change
from core.domain.envelope import Cast, Happening, Notice, React, Relay
from core.domain.ids import MessageId, PersonId
from core.state.redis.vault_counts import Use
from shard.texts import Worded, worded

Params = dict[str, Any]

Sealing = Callable[[PersonId, str], str]
"""Makes a button's data that nobody but that person can give back."""


class Need(NamedTuple):
    """A file that a call needs: the id, path or upload goes into `holder[key]`."""

    holder: Params
    key: str
    kind: MediaKind
    file: File
    content: Media


class Call(msgspec.Struct, frozen=True):
    """A method with its parameters; `weight` is how many messages it counts as.

    `use` is what it takes of a vault's room.
    """

    method: str
    params: Params
    needs: tuple[Need, ...] = ()
    weight: int = 1
    use: Use | None = None


_METHODS = {
    MediaKind.PHOTO: "sendPhoto",
    MediaKind.VIDEO: "sendVideo",
    MediaKind.ANIMATION: "sendAnimation",
    MediaKind.VOICE: "sendVoice",
    MediaKind.VIDEO_NOTE: "sendVideoNote",
    MediaKind.AUDIO: "sendAudio",
    MediaKind.DOCUMENT: "sendDocument",
    MediaKind.STICKER: "sendSticker",
    MediaKind.LIVE_PHOTO: "sendLivePhoto",
}
_CAPTIONED = frozenset(_METHODS) - {MediaKind.VIDEO_NOTE, MediaKind.STICKER}
_VISUAL = frozenset((MediaKind.PHOTO, MediaKind.VIDEO, MediaKind.ANIMATION, MediaKind.LIVE_PHOTO))
_FRAMED = frozenset((MediaKind.VIDEO, MediaKind.ANIMATION))
_TIMED = frozenset(
    (MediaKind.VIDEO, MediaKind.ANIMATION, MediaKind.VOICE, MediaKind.VIDEO_NOTE, MediaKind.AUDIO)
)
_UNCHANGEABLE = frozenset((MediaKind.VOICE, MediaKind.VIDEO_NOTE, MediaKind.STICKER))
"""Kinds whose file cannot be exchanged in a message."""

_REELS = ("BAR", "🍇", "🍋", "7️⃣")


def words(to: PersonId, body: Notice | Happening, language: str | None, sealing: Sealing) -> Call:
    """The network's own words, in the recipient's language, with sealed buttons."""
    if isinstance(body, Happening):
        standing = body.standing
        key = f"moved_{standing.phase}" if body.change is Change.MOVED else body.change.value
        params = {"conversation": str(standing.conversation)}
        return _worded(to, worded(key, params, language), None, sealing)
    return _worded(to, worded(body.key, body.params, language), body.reply_to, sealing)


def relayed(to: PersonId, body: Relay, reply: MessageId | None, language: str | None) -> Call:
    """The partner's message, in reply to the recipient's message `reply`."""
    return _shown(_head(to, body, reply), body.content, language)


def cast(to: PersonId, body: Cast, language: str | None) -> Call:
    """An admin's message to everybody."""
    return _shown({"chat_id": to}, body.content, language)


def _shown(params: Params, content: Content, language: str | None) -> Call:
    match content:
        case Text():
            return Call("sendMessage", params | _text(content))
        case Media():
            return _media(params, content)
        case Poll():
            return Call("sendPoll", params | _poll(content))
        case Dice():
            said = worded("dice", {"emoji": content.emoji, "value": face(content)}, language)
            return Call("sendMessage", params | {"text": said.html, "parse_mode": "HTML"})
        case Location():
            return Call("sendLocation", params | _location(content))
        case Venue():
            return Call("sendVenue", params | _filled(content))
        case Contact():
            return Call("sendContact", params | _filled(content))
        case _:
            assert_never(content)


def album(to: PersonId, bodies: Sequence[Relay], reply: MessageId | None) -> Call:
    """Several media of the partner as one album."""
    needs: list[Need] = []
    items: list[Params] = []
    for body in bodies:
        assert isinstance(body.content, Media), "lanes put only media into albums"
        item, needed = _input_media(body.content)
        items.append(item)
        needs += needed
    params = _head(to, bodies[0], reply) | {"media": items}
    return Call("sendMediaGroup", params, tuple(needs), weight=len(items))


def amended(to: PersonId, there: MessageId, content: Content, *, same_file: bool) -> Call | None:
    """The message `there` says something else now; None where such a change cannot be shown."""
    params: Params = {"chat_id": to, "message_id": there}
    match content:
        case Text():
            return Call("editMessageText", params | _text(content))
        case Media() if same_file or content.kind is MediaKind.VOICE:
            if content.kind not in _CAPTIONED:
                return None
            caption = _caption(content)
            caption.pop("has_spoiler", None)
            return Call("editMessageCaption", params | caption)
        case Media():
            if content.kind in _UNCHANGEABLE:
                return None
            item, needs = _input_media(content)
            return Call("editMessageMedia", params | {"media": item}, needs)
        case Location() if content.live_period:
            return Call("editMessageLiveLocation", params | _location(content))
        case Location():
            return Call("stopMessageLiveLocation", params)
        case Poll() | Dice() | Venue() | Contact():
            return None
        case _:
            assert_never(content)


def reacted(to: PersonId, there: MessageId, body: React) -> Call:
    """The partner's reaction, or none any more."""
    reaction: list[Params] = []
    if body.emoji:
        reaction = [{"type": "emoji", "emoji": body.emoji}]
    elif body.custom_emoji_id:
        reaction = [{"type": "custom_emoji", "custom_emoji_id": body.custom_emoji_id}]
    return Call("setMessageReaction", {"chat_id": to, "message_id": there, "reaction": reaction})


def removed(to: PersonId, messages: Sequence[MessageId]) -> Call:
    """Messages of the recipient's chat go away; those that are gone already do not matter."""
    return Call("deleteMessages", {"chat_id": to, "message_ids": sorted(messages)})


def from_vault(call: Call, content: Media, use: Use, post: int) -> Call:
    """The same message as a copy of a post that holds the bare file."""
    kept = ("chat_id", "disable_notification", "protect_content", "message_effect_id", "reply_parameters")
    params: Params = {name: call.params[name] for name in kept if name in call.params}
    params |= {"from_chat_id": use.channel, "message_id": post}
    if content.kind in _CAPTIONED:
        params["caption"] = content.caption
        if content.entities:
            params["caption_entities"] = entities(content.entities)
        if content.caption_above:
            params["show_caption_above_media"] = True
    return Call("copyMessage", params, use=use)


def entities(those: tuple[Entity, ...]) -> list[Params]:
    """Entities as parameters."""
    return [msgspec.to_builtins(entity) for entity in those]


def face(dice: Dice) -> str:
    """A throw in signs: the number, or the three reels of a slot machine."""
    if dice.emoji != "🎰":
        return str(dice.value)
    return " ".join(_REELS[(dice.value - 1) >> shift & 3] for shift in (0, 2, 4))


def _head(to: PersonId, body: Relay, reply: MessageId | None) -> Params:
    params: Params = {"chat_id": to}
    if body.silent:
        params["disable_notification"] = True
    if body.protected:
        params["protect_content"] = True
    if body.effect:
        params["message_effect_id"] = body.effect
    if reply is not None:
        answered: Params = {"message_id": reply, "allow_sending_without_reply": True}
        if body.quote:
            answered |= {"quote": body.quote, "quote_position": body.quote_position}
            if body.quote_entities:
                answered["quote_entities"] = entities(body.quote_entities)
        params["reply_parameters"] = answered
    return params


def _text(content: Text) -> Params:
    params: Params = {"text": content.text}
    if content.entities:
        params["entities"] = entities(content.entities)
    if content.preview is not None:
        params["link_preview_options"] = msgspec.to_builtins(content.preview)
    return params


def _media(params: Params, content: Media) -> Call:
    kind = content.kind
    params |= _caption(content) | _traits(content)
    if kind is MediaKind.STICKER and content.emoji:
        params["emoji"] = content.emoji
    return Call(_METHODS[kind], params, _needs(params, kind.value, content))


def _input_media(content: Media) -> tuple[Params, tuple[Need, ...]]:
    """Telegram's InputMedia."""
    kind = content.kind
    item: Params = {"type": kind.value} | _caption(content) | _traits(content)
    if kind is MediaKind.VIDEO_NOTE:
        item.pop("length", None)
    return item, _needs(item, "media", content)


def _needs(holder: Params, key: str, content: Media) -> tuple[Need, ...]:
    """The file, and the pictures that go with it."""
    companions = (Need(holder, name, MediaKind.PHOTO, file, content) for name, file in content.companions)
    return (Need(holder, key, content.kind, content.file, content), *companions)


def _caption(content: Media) -> Params:
    params: Params = {}
    if content.kind in _CAPTIONED and content.caption:
        params["caption"] = content.caption
        if content.entities:
            params["caption_entities"] = entities(content.entities)
    if content.kind in _VISUAL:
        if content.spoiler:
            params["has_spoiler"] = True
        if content.caption_above:
            params["show_caption_above_media"] = True
    return params


def _traits(content: Media) -> Params:
    kind = content.kind
    params: Params = {}
    if kind is MediaKind.VIDEO_NOTE and content.width:
        params["length"] = content.width
    elif kind in _FRAMED and content.width:
        params["width"], params["height"] = content.width, content.height
    if content.start:
        params["start_timestamp"] = content.start
    if content.duration and kind in _TIMED:
        params["duration"] = content.duration
    if kind is MediaKind.AUDIO:
        params |= {name: value for name in ("title", "performer") if (value := getattr(content, name))}
    return params


def _poll(poll: Poll) -> Params:
    """Always anonymous: nobody is told who voted."""
    params: Params = {
        "question": poll.question,
        "options": [
            {"text": one.text} | ({"text_entities": entities(one.entities)} if one.entities else {})
            for one in poll.options
        ],
        "is_anonymous": True,
        "allows_multiple_answers": poll.multiple,
        "allows_revoting": poll.revoting,
    }
    if poll.entities:
        params["question_entities"] = entities(poll.entities)
    if poll.correct:
        params |= {"type": "quiz", "correct_option_ids": list(poll.correct)}
        if poll.explanation:
            params["explanation"] = poll.explanation
            params["explanation_entities"] = entities(poll.explanation_entities)
    if poll.description:
        params["description"] = poll.description
        params["description_entities"] = entities(poll.description_entities)
    if poll.open_period:
        params["open_period"] = poll.open_period
    if poll.closed:
        params["is_closed"] = True
    return params


def _location(place: Location) -> Params:
    params: Params = {"latitude": place.latitude, "longitude": place.longitude}
    optional = {
        "horizontal_accuracy": place.accuracy,
        "live_period": place.live_period,
        "heading": place.heading,
        "proximity_alert_radius": place.alert_radius,
    }
    return params | {name: value for name, value in optional.items() if value}


def _filled(content: Venue | Contact) -> Params:
    """The record's fields under Telegram's names, without those that say nothing."""
    return {name: value for name, value in msgspec.structs.asdict(content).items() if value != ""}


def _worded(to: PersonId, said: Worded, reply_to: int | None, sealing: Sealing) -> Call:
    params: Params = {"chat_id": to, "text": said.html, "parse_mode": "HTML"}
    if said.rows:
        params["reply_markup"] = {
            "inline_keyboard": [
                [
                    {"text": label, **({"url": at} if "://" in at else {"callback_data": sealing(to, at)})}
                    for label, at in row
                ]
                for row in said.rows
            ]
        }
    if reply_to is not None:
        params["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
    return Call("sendMessage", params)
