"""The order of sending: one lane a chat, lanes taking turns. Pure; the time is handed in.

Invariants: a chat's entries leave in the order they came; between `take` and `done` (or
`again`) nothing else of that chat is handed out; among chats that may be written to now, the
kind of the head entry decides (interactive, relayed, broadcast), then whose turn it is. A
broadcast stands behind whatever else its chat has, also what comes later.
"""

import heapq
import itertools
from collections import deque
from typing import NamedTuple

import msgspec

from core.domain.content import Media
from core.domain.conversation import Change
from core.domain.envelope import Envelope, Happening, Lane, Relay
from core.domain.ids import ConversationId, EntryId, PersonId
from shard.outbound.pacing import ChatPace

SELF_LEFT = (Change.YOU_LEFT, Change.YOU_LEFT_AND_SEARCH)
PARTNER_GONE = (Change.PARTNER_LEFT, Change.PARTNER_UNREACHABLE)

ALBUM_MOST = 10
ALBUM_QUIET = 0.3
"""Seconds without a further part after which an album is taken to be complete."""

ALBUM_LONGEST = 0.7
"""Seconds that an album is waited for at most, from its first part."""


_MOMENT = 1e-6
"""Times closer than this are the same: sums of floats are not exact."""


class Item(NamedTuple):
    """One entry of the stream, decoded."""

    id: EntryId
    envelope: Envelope


class _Chat(msgspec.Struct):
    """Lists, because there is one for each chat that is spoken to, and an empty deque takes 700 bytes."""

    pace: ChatPace = msgspec.field(default_factory=ChatPace)
    queue: list[Item] = []
    busy: bool = False
    place: int = 0
    taken: int = 0
    album: str = ""
    album_first: float = 0.0
    album_last: float = 0.0
    closing: tuple[ConversationId, ...] = ()
    casts: tuple[Item, ...] = ()


class Lanes:
    """All chats that have something to be sent."""

    def __init__(self, *, album_most: int = ALBUM_MOST, born: float = float("-inf")) -> None:
        """`album_most`: how many parts of an album may go in one call.

        `born`: when this process began to serve. What the one before it sent is not known, so every
        chat's burst is taken to be used up then.
        """
        self._album_most = album_most
        self._born = born
        self._chats: dict[PersonId, _Chat] = {}
        self._ready: tuple[deque[tuple[PersonId, int]], ...] = tuple(deque() for _ in Lane)
        self._later: list[tuple[float, int, PersonId]] = []
        self._turns = itertools.count(1)
        self.size = 0

    def push(self, item: Item, now: float) -> list[Item]:
        """Put an entry at the end of its chat's lane.

        Returns entries that this one makes void: what a partner wrote and the person, who has
        now left, has not been shown. They are no longer in the lane.
        """
        chat = self._chats.get(item.envelope.to)
        if chat is None:
            chat = self._chats[item.envelope.to] = _Chat()
            chat.pace.rest(self._born)
        self.size += 1
        if item.envelope.lane is Lane.BROADCAST and chat.queue:
            chat.casts += (item,)
            return []
        chat.queue.append(item)
        yielded = len(chat.queue) > 1 and _yield_turn(chat)
        held = self._note_album(chat, item, now)
        void: list[Item] = []
        body = item.envelope.body
        if isinstance(body, Happening):
            if body.change in PARTNER_GONE:
                chat.closing += (body.standing.conversation,)
            elif body.change in SELF_LEFT:
                void = self._drop(chat, keep=chat.taken)
                chat.closing = ()
        if held or yielded or void:
            # What stands first, or when it may go, has changed: the place in the queue is no longer right.
            chat.place = 0
        self._offer(item.envelope.to, chat, now)
        return void

    def take(self, now: float, lowest: Lane = Lane.BROADCAST) -> Item | None:
        """The entry to be sent now, or None; its chat is busy until `done` or `again`.

        Nothing of a lane below `lowest` is handed out, whatever else there is.
        Where it is part of an album, `parts` tells all that go with it.
        """
        self._promote(now)
        for ready in self._ready[: lowest + 1]:
            while ready:
                chat = self._leave(*ready.popleft())
                if chat is not None:
                    chat.busy = True
                    chat.taken = self._run(chat) if len(chat.queue) > 1 else 1
                    return chat.queue[0]
        return None

    def parts(self, item: Item) -> list[Item]:
        """The entry that was taken, with the further parts of its album."""
        chat = self._chats[item.envelope.to]
        return chat.queue[: chat.taken]

    def waiting(self, lane: Lane) -> bool:
        """Whether a chat whose head entry is of this lane may be written to."""
        return bool(self._ready[lane])

    def next_at(self) -> float | None:
        """When a chat that has to wait may go on, or None where none waits."""
        return self._later[0][0] if self._later else None

    def done(self, item: Item, now: float, *, sent: bool) -> None:
        """The entry is finished, with its parts. `sent`: messages to the chat, which count for its pace."""
        chat = self._chats[item.envelope.to]
        del chat.queue[: chat.taken]
        for _ in range(chat.taken if sent else 0):
            chat.pace.answered(now)
        self.size -= chat.taken
        chat.taken = 0
        chat.busy = False
        if chat.casts and not chat.queue:
            chat.queue.append(chat.casts[0])
            chat.casts = chat.casts[1:]
        body = item.envelope.body
        if isinstance(body, Happening) and body.change in PARTNER_GONE:
            self.will_not_close(item.envelope.to, body.standing.conversation)
        self._offer(item.envelope.to, chat, now)

    def again(self, item: Item, now: float, wait: float, *, went: bool = False) -> None:
        """The entry could not be sent; it stays first of its chat, which rests for `wait` seconds.

        `went`: its messages may count at Telegram all the same, so they count for its pace.
        """
        chat = self._chats[item.envelope.to]
        for _ in range(chat.taken if went else 0):
            chat.pace.answered(now)
        chat.busy = False
        chat.taken = 0
        _yield_turn(chat)
        chat.pace.rest(now + wait)
        self._offer(item.envelope.to, chat, now)

    def depth(self, person: PersonId) -> int:
        """How many entries the chat's lane holds; broadcasts that let others go first do not count."""
        chat = self._chats.get(person)
        return 0 if chat is None else len(chat.queue)

    def closes(self, person: PersonId, conversation: ConversationId) -> bool:
        """Whether the news that this conversation's partner has gone is still behind in the lane."""
        chat = self._chats.get(person)
        return chat is not None and conversation in chat.closing

    def will_close(self, person: PersonId, conversation: ConversationId) -> None:
        """That news will come into the lane behind what the partner has written."""
        self._chats.setdefault(person, _Chat()).closing += (conversation,)

    def will_not_close(self, person: PersonId, conversation: ConversationId) -> None:
        """It has come, and the person need not be told."""
        chat = self._chats.get(person)
        if chat is not None and chat.closing:
            chat.closing = tuple(closing for closing in chat.closing if closing != conversation)

    def forget_idle(self, now: float) -> None:
        """Drop what is known of chats that have nothing waiting and a full pace."""
        idle = [
            p for p, c in self._chats.items() if not (c.queue or c.busy or c.closing) and c.pace.full(now)
        ]
        for person in idle:
            del self._chats[person]

    def _run(self, chat: _Chat) -> int:
        """How many entries at the head go in one call: more than one where they are an album."""
        name = _album(chat.queue[0])
        if not name:
            return 1
        same = itertools.takewhile(lambda item: _album(item) == name, chat.queue)
        return len(list(itertools.islice(same, self._album_most)))

    def _note_album(self, chat: _Chat, item: Item, now: float) -> bool:
        """Remember when the parts of the newest album came; whether there was or is one to be waited for."""
        name, before = _album(item), chat.album
        if name != before or now - chat.album_last > ALBUM_LONGEST:
            chat.album_first = now
        chat.album, chat.album_last = name, now
        return bool(name or before)

    def _complete_at(self, chat: _Chat) -> float:
        """When the head may be taken as a whole: now, unless it is an album that may still grow."""
        name = _album(chat.queue[0])
        if not name or _album(chat.queue[-1]) != name or self._run(chat) == self._album_most:
            return float("-inf")
        return min(chat.album_last + ALBUM_QUIET, chat.album_first + ALBUM_LONGEST)

    def _drop(self, chat: _Chat, *, keep: int) -> list[Item]:
        void: list[Item] = []
        kept: list[Item] = []
        for at, item in enumerate(chat.queue):
            if isinstance(item.envelope.body, Relay) and at >= keep:
                void.append(item)
            else:
                kept.append(item)
        chat.queue = kept
        self.size -= len(void)
        return void

    def _offer(self, person: PersonId, chat: _Chat, now: float) -> None:
        if chat.busy or chat.place or not chat.queue:
            return
        chat.place = next(self._turns)
        ready_at = chat.pace.ready_at()
        if chat.album:
            # Else what came last is no part of one, and nothing can still grow.
            ready_at = max(ready_at, self._complete_at(chat))
        if ready_at <= now + _MOMENT:
            self._ready[chat.queue[0].envelope.lane].append((person, chat.place))
        else:
            heapq.heappush(self._later, (ready_at, chat.place, person))

    def _promote(self, now: float) -> None:
        while self._later and self._later[0][0] <= now + _MOMENT:
            _, place, person = heapq.heappop(self._later)
            chat = self._leave(person, place)
            if chat is not None:
                self._offer(person, chat, now)

    def _leave(self, person: PersonId, place: int) -> _Chat | None:
        """The chat, which gives up its place; None where that is not its place any more: it has another."""
        chat = self._chats.get(person)
        if chat is None or chat.place != place:
            return None
        chat.place = 0
        return chat


def _yield_turn(chat: _Chat) -> bool:
    """A broadcast that is not on its way lets what came after it go first; whether there was one."""
    if chat.busy or len(chat.queue) < 2 or chat.queue[0].envelope.lane is not Lane.BROADCAST:
        return False
    chat.casts = (chat.queue.pop(0), *chat.casts)
    return True


def _album(item: Item) -> str:
    """The album that an entry is part of, "" where it is of none; names of two people never meet."""
    body = item.envelope.body
    if isinstance(body, Relay) and isinstance(body.content, Media) and body.content.album:
        return f"{body.conversation}:{body.side}:{body.content.album}"
    return ""
