"""What travels in a shard's stream: everything a person is ever sent.

An envelope is addressed to a person of that shard. Its `body` is a relayed message, what the
partner did to one (edit, reaction, taking back), messages to be removed, an event of the
conversation, words of the network's own, or an admin's broadcast. Encoded as msgpack arrays: short, quick,
and readable by an older version as long as fields are only added at the end with a default.

Invariants: `origin` names the envelope for ever (the append script drops a second one), and
nothing of the sender but `Relay.sender`, which never leaves the shards, tells who wrote it.
"""

from enum import IntEnum

import msgspec

from core.domain.content import Content, Entity
from core.domain.conversation import Change, Standing
from core.domain.errors import UNDECODABLE, UnreadableEnvelope
from core.domain.ids import BotId, BroadcastId, ConversationId, MessageId, PersonId

VERSION = 1
TOO_EARLY = "not_delivered_early"
"""The key of what is said of a message whose writer did not know of the conversation in `params` yet."""


class Lane(IntEnum):
    """Which envelope goes first when a bot's budget is short."""

    INTERACTIVE = 0
    RELAYED = 1
    BROADCAST = 2


class Relay(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """A message of the partner. `message` is its number in the sender's chat with `source`."""

    conversation: ConversationId
    side: int
    sender: PersonId
    source: BotId
    message: MessageId
    content: Content
    reply_to: MessageId | None = None
    reply_own: bool = False
    quote: str | None = None
    quote_position: int = 0
    silent: bool = False
    protected: bool = False
    effect: str | None = None
    reply_there: MessageId | None = None
    quote_entities: tuple[Entity, ...] = ()


class Amend(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """A message of the partner was edited: what it says now. Fields as in `Relay`."""

    conversation: ConversationId
    side: int
    sender: PersonId
    source: BotId
    message: MessageId
    content: Content


class React(msgspec.Struct, frozen=True, array_like=True, tag="x"):
    """The partner's reaction to a message changed; neither emoji nor custom emoji: it was taken away.

    `message` is its number in the sender's chat; `there` in the recipient's, where that is known.
    """

    conversation: ConversationId
    side: int
    sender: PersonId
    source: BotId
    message: MessageId
    emoji: str = ""
    custom_emoji_id: str = ""
    there: MessageId | None = None


class Unsend(msgspec.Struct, frozen=True, array_like=True, tag="u"):
    """The partner takes a message of theirs back; `command` is the message in which they said so."""

    conversation: ConversationId
    side: int
    sender: PersonId
    source: BotId
    message: MessageId
    command: MessageId


class Remove(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """Messages to be removed from the recipient's chat, by their numbers there: at most 100."""

    messages: tuple[MessageId, ...]


class Notice(msgspec.Struct, frozen=True, array_like=True, tag="n"):
    """Words of the network: a text key, put into words by the recipient's shard.

    `reply_to` is a message of the recipient's own that the words are about.
    """

    key: str
    params: dict[str, str] = {}
    reply_to: MessageId | None = None


class Happening(msgspec.Struct, frozen=True, array_like=True, tag="h"):
    """The person's standing changed: the shard takes note of it, and says so in words."""

    change: Change
    standing: Standing


class Cast(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """An admin's message to everybody. `source` is the bot whose file ids the content holds.

    `paid`: it may go as a paid one, as far as that was granted.
    """

    broadcast: BroadcastId
    source: BotId
    content: Content
    paid: bool = False


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """`at` is when Telegram's update (or the event) came in, in milliseconds since 1970."""

    version: int
    to: PersonId
    lane: Lane
    at: int
    body: Relay | Notice | Happening | Amend | React | Unsend | Remove | Cast


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


def encode(envelope: Envelope) -> bytes:
    """The envelope as it stands in a stream."""
    return _encoder.encode(envelope)


def decode(raw: bytes) -> Envelope:
    """The envelope from a stream. Raises UnreadableEnvelope, whatever the bytes are."""
    try:
        envelope = _decoder.decode(raw)
    except UNDECODABLE as error:
        # Not the error's words: they quote what they stumbled over.
        why = type(error).__name__
        raise UnreadableEnvelope(f"an entry of {len(raw)} bytes is no envelope: {why}") from None
    if envelope.version > VERSION:
        raise UnreadableEnvelope(f"an envelope of version {envelope.version}; this process reads {VERSION}")
    return envelope
