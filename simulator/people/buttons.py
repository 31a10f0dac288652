"""What a message of a bot offers, read from its buttons: all that people know of the network."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

from simulator.world.messages import Message

_LINK: Final = re.compile(r"https?://t\.me/(\w+)\?start=([\w-]*)")


class Offer(Enum):
    """The value is how the button's data begins."""

    CONSENT = "consent:yes"
    FIND = "menu:find"
    NEXT = "menu:next"
    STOP = "menu:stop"


class Standing(Enum):
    """Where a person stands with the network, as its last notice says."""

    ASKED = "asked"
    IDLE = "idle"
    WAITING = "waiting"
    CHATTING = "chatting"


def offers(message: Message) -> dict[Offer, str]:
    """The offers of a message with the data to press them by; empty for most messages."""
    found: dict[Offer, str] = {}
    for button in _buttons(message):
        data = button.get("callback_data")
        if data is None:
            continue
        for offer in Offer:
            if data.startswith(offer.value):
                found.setdefault(offer, data)
    return found


def standing(offered: dict[Offer, str]) -> Standing | None:
    """What the offers say about the person; None when they say nothing."""
    if Offer.CONSENT in offered:
        return Standing.ASKED
    if Offer.NEXT in offered:
        return Standing.CHATTING
    if Offer.FIND in offered:
        return Standing.IDLE
    if Offer.STOP in offered:
        return Standing.WAITING
    return None


def other_bot(message: Message) -> tuple[str, str] | None:
    """Username and payload, when the message sends the person on to another bot with room."""
    for button in _buttons(message):
        match = _LINK.fullmatch(button.get("url", ""))
        if match is not None:
            return match[1], match[2]
    return None


def _buttons(message: Message) -> Iterator[dict[str, Any]]:
    if message.markup is not None:
        for row in message.markup.get("inline_keyboard", ()):
            yield from row
