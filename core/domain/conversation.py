"""Where a person stands: alone, waiting for a partner, or in one conversation.

Redis holds the truth, one hash a person, changed only by scripts (core.state.redis.lua);
this is that truth as a record. `seq` rises with every change, so that whoever learns of two
changes in the wrong order keeps the newer one.
"""

from enum import StrEnum

import msgspec

from core.domain.ids import BotId, ConversationId, MessageId, PersonId, TicketId, UpdateId


class Phase(StrEnum):
    """What a person is doing."""

    IDLE = "idle"
    WAITING = "waiting"
    CHATTING = "chatting"


UNTOLD = MessageId(-1)


class Standing(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A person's place in the network at one `seq`.

    `bot` is where the person is served (home). `ticket` means something only while waiting.
    `conversation`, `side`, `partner` and `partner_bot` are the present conversation while
    chatting, else the last one (forgotten after 48 idle hours). `asked` is the last update of
    `bot` by which the person asked for a change: an earlier one was worked through before it.
    `turn` counts how often one of the two was moved to another bot in this conversation. `words` is the
    number, in the chat with `bot`, of the message that told the person of it: UNTOLD until then, 0 where it
    is not known.
    """

    seq: int = 0
    phase: Phase = Phase.IDLE
    bot: BotId = BotId(0)
    ticket: TicketId = TicketId("")
    conversation: ConversationId = ConversationId(0)
    side: int = 0
    partner: PersonId = PersonId(0)
    partner_bot: BotId = BotId(0)
    asked: UpdateId = UpdateId(0)
    turn: int = 0
    words: MessageId = MessageId(0)

    @property
    def thread(self) -> "Thread":
        """Where the messages of the present (or last) conversation are known by."""
        return Thread(self.conversation, self.turn)

    def talks_in(self, conversation: ConversationId) -> bool:
        """Whether this person is, at this `seq`, in that conversation."""
        return self.phase is Phase.CHATTING and self.conversation == conversation

    def goes_on(self, before: "Standing") -> bool:
        """Whether this person still does what they did then, with the same partner."""
        return self.phase is before.phase and self.conversation == before.conversation

    def comes_after(self, update: UpdateId) -> bool:
        """Whether that update of the person's own bot was worked through before this came to be.

        Telegram repeats at most its queue of 100,000; its numbering may start again.
        """
        return 0 < self.asked - update < 100_000


class Thread(msgspec.Struct, frozen=True, gc=False):
    """The messages of one conversation between the same two chats.

    Numbers of messages belong to a chat with one bot, so a move begins another thread.
    """

    conversation: ConversationId
    turn: int = 0


class Change(StrEnum):
    """Why a person's standing changed; what the person is told follows from it."""

    MATCHED = "matched"
    PARTNER_LEFT = "partner_left"
    PARTNER_UNREACHABLE = "partner_unreachable"
    YOU_LEFT = "you_left"
    YOU_LEFT_AND_SEARCH = "you_left_and_search"
    SEARCHING = "searching"
    SEARCH_CANCELLED = "search_cancelled"
    MOVED = "moved"
    """Served by another bot, because the one before is gone."""
    ARRIVED = "arrived"
    """That is so now for everybody; nothing is said."""
    PARTNER_MOVED = "partner_moved"
    """The partner is served by another bot; nothing is said."""

    @property
    def silent(self) -> bool:
        """Whether only the shard has to know."""
        return self in (Change.ARRIVED, Change.PARTNER_MOVED)

    @property
    def opens(self) -> bool:
        """Whether its words are the first that a person hears, in that chat, of what they are in now."""
        return self in (Change.MATCHED, Change.MOVED)


class ChatEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One change of one person's standing, as a script wrote it into the outbox.

    `id` is the outbox entry and, after a colon, the place in it (none for the first): what makes its
    delivery idempotent. `bot` is the shard whose stream it belongs into.
    """

    id: str
    person: PersonId
    bot: BotId
    change: Change
    standing: Standing

    @property
    def entry(self) -> str:
        """The outbox entry; the events of one are carried together."""
        return self.id.partition(":")[0]
