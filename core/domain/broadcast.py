"""A broadcast: one message of an admin to everybody who can be reached, each once.

    draft → ready → running ⇄ paused → done
                  ↘ cancelled      ↘ stopped

A draft becomes ready when its admin has been shown what it looks like and how many would get it;
only they can let it run. One from the command line begins with running. At most one is under way.
"""

import datetime as dt
from enum import StrEnum

import msgspec

from core.domain.content import Content, Location, Media, Poll, Text, Venue
from core.domain.ids import BotId, BroadcastId, PersonId


class BroadcastState(StrEnum):
    """Where a broadcast is in its life."""

    DRAFT = "draft"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of the message to one person."""

    SENT = "sent"
    BLOCKED = "blocked"
    GONE = "gone"
    REFUSED = "refused"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many people were sent it, had blocked the bot, are gone; Telegram refused the message to some.

    Who blocked the bot after the broadcast began and before their turn is `skipped`.
    """

    sent: int = 0
    blocked: int = 0
    gone: int = 0
    refused: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """How many people it is settled for."""
        return self.sent + self.blocked + self.gone + self.refused + self.skipped


class Broadcast(msgspec.Struct, frozen=True, kw_only=True):
    """One broadcast. `admin` and `bot` are 0 where it came from the command line.

    It may cost `stars` at most, in all; `paid` messages were paid for, a tenth of a Star each at most.
    """

    id: BroadcastId
    admin: PersonId
    bot: BotId
    state: BroadcastState
    content: Content
    audience: int
    counts: Counts
    stars: int
    paid: int
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None

    @property
    def left(self) -> int:
        """How many people it is not settled for."""
        return max(0, self.audience - self.counts.total)

    def figures(self) -> dict[str, str]:
        """Its numbers, for words."""
        counts = self.counts
        numbers = {
            "sent": counts.sent,
            "blocked": counts.blocked + counts.skipped,
            "gone": counts.gone,
            "refused": counts.refused,
            "left": self.left,
            "audience": self.audience,
        }
        cost = f"\n⭐ {self.paid / 10:g}" if self.stars else ""
        return {"id": str(self.id), "cost": cost} | {name: f"{n:,}" for name, n in numbers.items()}


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Content] = msgspec.msgpack.Decoder(Content)


def encode_content(content: Content) -> bytes:
    """The content as it is kept, in the form of envelopes."""
    return _encoder.encode(content)


def decode_content(raw: bytes) -> Content:
    """The content again."""
    return _decoder.decode(raw)


def for_many(content: Content) -> Content | None:
    """The content as it goes to everybody; None for what is meant for one (a throw, a card, a live place)."""
    if isinstance(content, Media):
        # One part of an album goes alone.
        return msgspec.structs.replace(content, album="")
    if isinstance(content, Location):
        return None if content.live_period else content
    return content if isinstance(content, Text | Poll | Venue) else None
