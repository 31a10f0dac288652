"""What each method weighs: whatever changes what a person sees counts for the bot."""

from collections.abc import Callable
from typing import Any

from simulator.limits.judge import Weight

_NOTHING = Weight()
_SEND = Weight(bot=1, chat=1)
_PAID_SEND = Weight(bot=1, chat=1, paid=True)
_QUIET = Weight(bot=1)
_ACTION = Weight(bot=1, is_action=True)

_SEND_NAMES = """
    sendMessage sendPhoto sendLivePhoto sendAudio sendDocument sendVideo sendAnimation sendVoice sendVideoNote
    sendLocation sendVenue sendContact sendPoll sendDice sendSticker copyMessage forwardMessage
    editMessageText editMessageCaption editMessageMedia editMessageLiveLocation stopMessageLiveLocation
    editMessageReplyMarkup stopPoll
"""
_SENDS = frozenset(_SEND_NAMES.split())
_SINGLE_NAMES = """
    deleteMessage deleteMessages setMessageReaction pinChatMessage unpinChatMessage unpinAllChatMessages
    answerCallbackQuery
"""
_SINGLE = frozenset(_SINGLE_NAMES.split())
#: Methods that read another chat by message id, and so fall under its limit too where it is a channel.
_READS = frozenset(("copyMessage", "copyMessages", "forwardMessage", "forwardMessages"))


def weigh(method: str, params: dict[str, Any]) -> Weight:
    """The weight of a checked call."""
    if method in _SENDS:
        return _PAID_SEND if params.get("allow_paid_broadcast") else _SEND
    if method in _SINGLE:
        return _QUIET
    if method == "sendChatAction":
        return _ACTION
    if method == "sendMediaGroup":
        return _many(len(params["media"]), paid=bool(params.get("allow_paid_broadcast")))
    if method in ("copyMessages", "forwardMessages"):
        return _many(len(params["message_ids"]))
    return _NOTHING


def _many(items: int, *, paid: bool = False) -> Weight:
    return Weight(bot=max(1, items), chat=max(1, items), paid=paid)


def chats_of(method: str, params: dict[str, Any], named: Callable[[str], int | None]) -> tuple[int, ...]:
    """The chats under whose limits a call falls; `named` finds the id behind an @name."""

    def key(chat: int | str | None) -> int | None:
        return named(chat) if isinstance(chat, str) else chat

    written = key(params.get("chat_id"))
    chats = (written,) if written is not None else ()
    if method in _READS:
        read = key(params["from_chat_id"])
        if read is not None and read < 0 and read != written:
            chats = (*chats, read)
    return chats
