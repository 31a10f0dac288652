"""A shard's inbox: appended to by any process, read and emptied by the one that holds the lease.

What dies: the appender may repeat its append (known by source and member); the reader reads
from the beginning again and finds all that Telegram has not said yes to. `inflight` remembers
which of these may have reached Telegram already, so that repeats are counted.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.domain.errors import BotMoving, DuologueError, StaleEpoch
from core.domain.ids import BotId, EntryId, Epoch
from core.state.redis.client import BLOCK_MS, Argument, Call, Command, RedisClient
from core.state.redis.forwarding import Forwarding
from core.state.redis.keys import Keys
from core.state.redis.scripts import APPEND, GATE, SETTLE

SEEN_KEPT = 2_048
"""How many members of a source a stream remembers; Telegram repeats at most one batch of 100."""

REFUSED = "refused"
"""The field beside the fences in which the scripts count stale writes."""

START = EntryId("0")

MOVES_FOLLOWED = 32
"""How often in a row an envelope is sent on from a bot that is gone; after that it is tried again later."""

_STALE, _CLOSED = -1, -2

Note = Call | Command
"""A repeatable script, or command, that goes with the next `settle`."""


class Append(NamedTuple):
    """One envelope for one shard. `member` makes it the only one of its source.

    With `may_wait` off it goes whatever there is; else it is refused by an inbox that is full. Those of one
    `bundle` come together in every try, one after the other: they are known by the first one's member.
    """

    bot: BotId
    member: str
    payload: bytes
    may_wait: bool = False
    bundle: str = ""


class InboxFull(DuologueError):
    """A shard's stream holds as much as it may. `refused` did not go; all else of that batch did."""

    def __init__(self, refused: Sequence[Append]) -> None:
        super().__init__(f"{len(refused)} envelopes were refused: their shard has too much to send already")
        self.refused = refused


class Source(NamedTuple):
    """Who appends: a shard (its bot id) with its epoch, or a part of the network with epoch 0."""

    name: str
    epoch: Epoch


class Entry(NamedTuple):
    """One undelivered envelope, still encoded."""

    id: EntryId
    payload: bytes


class Look(NamedTuple):
    """How many entries wait, the oldest one's time in milliseconds since 1970 (0 = none), and how many
    writes by processes that were no longer the owner were refused here.
    """

    waiting: int
    oldest_ms: int
    refused: int


class Streams:
    """Appends to any inbox."""

    def __init__(self, client: RedisClient, keys: Keys, *, limit: int = 0) -> None:
        """`limit`: an inbox that holds so many entries takes no further message of people (0 = none)."""
        self._client = client
        self._keys = keys
        self._limit = limit
        self._forwarding = Forwarding(client, keys)

    async def append(
        self, source: Source, appends: Iterable[Append], now_ms: int, *, safe: bool = True
    ) -> int:
        """Append in order, one script a destination, one round trip for all.

        Returns how many were new. What is for a bot that is gone goes where its person is served now.
        Raises RedisAway (repeat it), StaleEpoch (stop), InboxFull (all others are appended).
        """
        new, refused, strayed = 0, list[Append](), list(appends)
        for _ in range(MOVES_FOLLOWED):
            by_bot: dict[BotId, list[Append]] = {}
            for one in strayed:
                by_bot.setdefault(one.bot, []).append(one)
            if not by_bot:
                break
            calls = [self._call(source, bot, group, now_ms) for bot, group in by_bot.items()]
            replies = await self._client.run_many(calls, safe=safe)
            strayed = []
            for reply, (bot, group) in zip(replies, by_bot.items(), strict=True):
                if reply == _STALE:
                    raise StaleEpoch(source.name, source.epoch)
                if reply == _CLOSED:
                    strayed += await self._forwarding.redirect(bot, group, now_ms)
                elif isinstance(reply, list):
                    new += reply[0]
                    refused += [group[place] for place in reply[1:]]
                else:
                    new += reply
        if strayed:
            raise BotMoving(strayed[0].bot)
        if refused:
            raise InboxFull(refused)
        return new

    def _call(self, source: Source, bot: BotId, group: Sequence[Append], now_ms: int) -> Call:
        flags = "".join("r" if one.may_wait else "-" for one in group)
        members: list[Argument] = []
        bundle, first = "", ""
        for one in group:
            if one.bundle and one.bundle == bundle and one.member != first:
                members += ("", one.payload)
            else:
                bundle, first = one.bundle, one.member
                members += (one.member, one.payload)
        return (
            APPEND,
            (self._keys.inbox(bot), self._keys.seen(bot, source.name), self._keys.fences(bot)),
            (source.name, source.epoch, now_ms, SEEN_KEPT, self._limit, flags, *members),
        )


class Inbox:
    """The holder's view of its own stream. Every change is fenced by the lease's epoch."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId) -> None:
        self._client = client
        self._bot = bot
        self._inbox = keys.inbox(bot)
        self._inflight = keys.inflight(bot)
        self._epoch = keys.epoch(bot)
        self._fences, self._moved = keys.fences(bot), keys.moved(bot)

    async def read(self, after: EntryId, count: int, *, block_ms: int = BLOCK_MS) -> list[Entry]:
        """Up to `count` entries after the cursor, oldest first; waits when there is none."""
        (reply,) = await self._client.pipeline(
            [("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", self._inbox, after)]
        )
        return [Entry(EntryId(id_.decode()), fields[1]) for id_, fields in reply[0][1]] if reply else []

    async def settle(
        self,
        epoch: Epoch,
        done: Sequence[EntryId],
        started: Sequence[EntryId],
        notes: Sequence[Note] = (),
    ) -> None:
        """Delete what Telegram said yes to; note what goes to Telegram now. Raises StaleEpoch.

        `notes` are run before, in the same round trip: what is deleted has left its traces.
        """
        settle: Call = (
            SETTLE,
            (self._inbox, self._inflight, self._epoch, self._fences),
            (epoch, len(done), *done, *started),
        )
        if notes and self._client.scattered:
            await self._client.run_many(notes)
            notes = ()
        replies = await self._client.run_many([*notes, settle])
        if replies[-1] == -1:
            raise StaleEpoch(str(self._bot), epoch)

    async def open_gate(self, epoch: Epoch) -> None:
        """This bot serves (again): what is for it comes here. Raises StaleEpoch."""
        if await self._client.run(GATE, (self._fences, self._moved, self._epoch), (epoch, "")) == -1:
            raise StaleEpoch(str(self._bot), epoch)

    async def reclaim(self) -> set[EntryId]:
        """Entries that the holder before had on their way: each may reach its reader twice."""
        members = await self._client.command("SMEMBERS", self._inflight)
        await self._client.command("DEL", self._inflight)
        return {EntryId(member.decode()) for member in members}

    async def look(self) -> Look:
        """How the stream is just now. Raises RedisAway."""
        length, oldest, refused = await self._client.pipeline(
            [
                ("XLEN", self._inbox),
                ("XRANGE", self._inbox, "-", "+", "COUNT", 1),
                ("HGET", self._fences, REFUSED),
            ]
        )
        return Look(length, int(oldest[0][0].split(b"-")[0]) if oldest else 0, int(refused or 0))
