"""What becomes of an envelope whose person is no longer served by the bot it was meant for. Pure.

Numbers of messages belong to one chat with one bot: what names a message of the chat that is left
behind goes without that reference, and what is about nothing else does not go at all.
"""

import msgspec

from core.domain.conversation import Phase, Standing
from core.domain.envelope import (
    VERSION,
    Amend,
    Envelope,
    Happening,
    Lane,
    Notice,
    React,
    Relay,
    Remove,
    Unsend,
)
from core.domain.ids import BotId, MessageId, UpdateId


def settled(standing: Standing, home: BotId) -> Standing:
    """The standing of somebody who talks or waits, as it is once they are served by `home`."""
    if standing.phase is Phase.IDLE:
        return standing
    # What the bot before was asked and said means nothing in another chat.
    fresh = {"asked": UpdateId(0), "words": MessageId(0)}
    return msgspec.structs.replace(standing, bot=home, turn=standing.turn + 1, **fresh)


def rehomed(envelope: Envelope, home: BotId) -> Envelope | None:
    """The envelope for another bot of the same person; None where it says nothing there."""
    body = envelope.body
    match body:
        case Relay():
            body = msgspec.structs.replace(body, reply_there=None)
        case React():
            body = msgspec.structs.replace(body, there=None)
        case Notice():
            body = msgspec.structs.replace(body, reply_to=None)
        case Happening():
            body = Happening(body.change, settled(body.standing, home))
        case Remove():
            return None
        case _:
            return envelope
    return msgspec.structs.replace(envelope, body=body)


def turned_back(envelope: Envelope, key: str, now_ms: int) -> tuple[BotId, Envelope] | None:
    """What the writer of a relayed thing is told, and by which bot; None where nobody wrote it."""
    body = envelope.body
    if not isinstance(body, Relay | Amend | React | Unsend):
        return None
    notice = Notice(key, {}, body.message)
    return body.source, Envelope(VERSION, body.sender, Lane.INTERACTIVE, now_ms, notice)
