"""What a refusal by Telegram means. Pure."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from core.domain.envelope import Amend, React, Relay, Remove, Unsend
from shard.outbound.compose import Call
from shard.outbound.lanes import Item
from shard.telegram import Refused

_TELLING = (
    ("VOICE_MESSAGES_FORBIDDEN", "not_delivered_voice"),
    ("_FORBIDDEN", "not_delivered_privacy"),
    ("is too long", "not_delivered_too_long"),
    ("MESSAGE_TOO_LONG", "not_delivered_too_long"),
    ("MEDIA_CAPTION_TOO_LONG", "not_delivered_too_long"),
    ("too big", "not_delivered_too_big"),
    ("Too Large", "not_delivered_too_big"),
    ("PHOTO_INVALID_DIMENSIONS", "not_delivered_too_big"),
)
_DONE_ALREADY = (
    "message is not modified",
    "message to delete not found",
    "message to react not found",
    "message to edit not found",
)
_NO_MESSAGES = (React, Unsend, Remove)
_TOO_OLD = "message can't be deleted"
_STRANGE_FILES = ("wrong file identifier", "wrong remote file", "wrong file_id", "FILE_REFERENCE")


def words_for(error: Refused, body: object) -> str:
    """What the sender of a relayed thing is told."""
    if isinstance(body, Amend):
        return "edit_not_mirrored"
    if isinstance(body, React):
        return "reaction_not_mirrored"
    if isinstance(body, Unsend):
        return "unsend_gone"
    return next((key for words, key in _TELLING if words in error.description), "not_delivered_refused")


def told_about(parts: Sequence[Item], key: str) -> Sequence[Item]:
    """An album is spoken of once, by its first part; but each file that is asked about by itself."""
    return parts if key == "file_ask" else parts[:1]


def harmless(error: Refused, body: object) -> bool:
    """Whether what was wanted is so already, or cannot matter any more."""
    if isinstance(body, Relay):
        return False
    if any(words in error.description for words in _DONE_ALREADY):
        return True
    return isinstance(body, Remove) and _TOO_OLD in error.description


def strange_file(error: Refused) -> bool:
    """Whether Telegram does not know the file id that it was given."""
    return any(words in error.description for words in _STRANGE_FILES)


def milder(error: Refused, call: Call) -> Call | None:
    """The same call without the ornament that Telegram took offence at, or None."""
    said = error.description.lower()
    reply = call.params.get("reply_parameters", {})
    if "quote" in said and "quote" in reply:
        plain = {name: value for name, value in reply.items() if not name.startswith("quote")}
        return _changed(call, call.params | {"reply_parameters": plain})
    if "effect" in said and "message_effect_id" in call.params:
        return _changed(call, {k: v for k, v in call.params.items() if k != "message_effect_id"})
    return None


def _changed(call: Call, params: dict[str, Any]) -> Call:
    """With other parameters; what files it needs goes into those."""
    needs = (one._replace(holder=params) if one.holder is call.params else one for one in call.needs)
    return replace(call, params=params, needs=tuple(needs))


def is_message(body: object) -> bool:
    """Whether Telegram counts it as a message to the chat."""
    return not isinstance(body, _NO_MESSAGES)
