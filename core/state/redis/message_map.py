"""Which message of one side is which of the other: `{conv:<id>}`, anew after a move to another bot.

Not a hash but one string: eight bytes a message, appended when it was shown. A record is the
message's number in its writer's chat, with the writer's side in the top bit, and its number in
the reader's chat; alone it means nothing. Kept 48 hours after the last message, which is as
long as a bot can delete one.

Writing costs no round trip of its own (`record` gives notes for the one that acknowledges),
reading seldom one: a shard remembers what passed through it, in the same eight bytes a message.
When a process dies its successor reads on in Redis; a message shown again has two records, and
the newer one counts.
"""

from array import array
from collections.abc import Sequence

from core.domain.conversation import Thread
from core.domain.ids import MessageId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.streams import Note

KEPT_RECORDS = 16_384
"""Messages that one process remembers, at most: five to ten minutes of a bot at its cap."""

KEPT_MS = 48 * 3600 * 1000

_SIDE = 0x8000_0000
_RECORD_BYTES = 8


class MessageMap:
    """Bounded, in two generations: what is written to stays, what was not for long is forgotten.

    Most threads have few records, so they are plain bytes: made anew with each, without room to grow.
    """

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._young: dict[Thread, bytes] = {}
        """Records of ours and of Redis together."""
        self._old: dict[Thread, bytes] = {}
        self._size = 0
        """Bytes of the young ones."""
        self._fetched: dict[Thread, int] = {}
        """How many bytes were read in Redis of those that were looked up there."""

    def record(self, thread: Thread, side: int, pairs: Sequence[tuple[MessageId, MessageId]]) -> list[Note]:
        """Messages of `side` were shown: (number at the writer, number at the reader).

        The notes make it last.
        """
        records = array("I")
        for sent, shown in pairs:
            records.extend((_head(side, sent), shown))
        raw = records.tobytes()
        self._learn(thread, raw)
        key = self._keys.thread(thread)
        return [("APPEND", key, raw), ("PEXPIRE", key, KEPT_MS)]

    def peek(self, thread: Thread, side: int, message: MessageId) -> MessageId | None:
        """The other side's number of `side`'s message, as far as this process knows."""
        return _find(self._known(thread), side, message)

    async def find(self, thread: Thread, side: int, message: MessageId) -> MessageId | None:
        """As `peek`; asks Redis where this process does not know. Raises RedisAway."""
        found = self.peek(thread, side, message)
        if found is None:
            await self._fetch(thread)
            found = self.peek(thread, side, message)
        return found

    async def everything(self, thread: Thread) -> tuple[list[MessageId], list[MessageId]]:
        """All numbers in the chat of side 0 and of side 1, rising. Raises RedisAway."""
        await self._fetch(thread)
        sides: tuple[set[int], set[int]] = (set(), set())
        records = array("I", self._known(thread))
        for head, shown in zip(records[::2], records[1::2], strict=True):
            writer = 1 if head & _SIDE else 0
            sides[writer].add(head & ~_SIDE)
            sides[1 - writer].add(shown)
        return [MessageId(n) for n in sorted(sides[0])], [MessageId(n) for n in sorted(sides[1])]

    async def _fetch(self, thread: Thread) -> None:
        fetched = self._fetched.get(thread, 0) if self._known(thread) else 0
        raw = await self._client.command("GETRANGE", self._keys.thread(thread), fetched, -1)
        whole = len(raw) - len(raw) % _RECORD_BYTES
        if whole:
            self._learn(thread, raw[:whole])
            self._fetched[thread] = fetched + whole

    def _known(self, thread: Thread) -> bytes:
        return self._young.get(thread) or self._old.get(thread) or b""

    def _learn(self, thread: Thread, records: bytes) -> None:
        known = self._known(thread)
        # A thread that comes back from the old generation brings all it has along.
        self._size += len(records) + (len(known) if self._old.pop(thread, None) else 0)
        self._young[thread] = known + records
        if self._size > KEPT_RECORDS * _RECORD_BYTES // 2 and len(self._young) > 1:
            self._turn()

    def _turn(self) -> None:
        self._old, self._young, self._size = self._young, {}, 0
        self._fetched = {thread: bytes_ for thread, bytes_ in self._fetched.items() if thread in self._old}


def _head(side: int, message: int) -> int:
    return message | (_SIDE if side else 0)


def _find(known: bytes, side: int, message: int) -> MessageId | None:
    """The newest match: written by that side, or shown to it."""
    records = array("I", known)
    written, other = _head(side, message), 0 if side else _SIDE
    for at in _places(records, written):
        if at % 2 == 0:
            return MessageId(records[at + 1])
    for at in _places(records, message):
        if at % 2 == 1 and records[at - 1] & _SIDE == other:
            return MessageId(records[at - 1] & ~_SIDE)
    return None


def _places(records: "array[int]", value: int) -> list[int]:
    """Where a number stands, newest first."""
    places: list[int] = []
    at = -1
    try:
        while True:
            at = records.index(value, at + 1)
            places.append(at)
    except ValueError:
        places.reverse()
        return places
