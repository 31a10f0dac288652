"""How far a broadcast has come at each bot, beside the stream that it goes into.

The leading coordinator feeds: one script, fenced by its epoch, appends the next people's envelopes and
moves the cursor, so that nobody is fed twice or passed over, whoever dies. The shard that holds the lease
takes an entry out and counts what became of it in one script, so that nobody is counted twice. What was
fed and is not counted lies in the stream: the feeder keeps that small.
"""

from collections.abc import Sequence
from typing import NamedTuple

from core.domain.broadcast import Outcome
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, BroadcastId, EntryId, Epoch, PersonId
from core.state.redis.client import Call, RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import FEED, PAY, TALLY
from core.state.redis.streams import Note

KEPT_SECONDS = 90 * 24 * 3600
"""How long the cursor and the counts outlive the last feeding."""

_GONE, _BLOCKED = "g", "b"


class Helping(NamedTuple):
    """Envelopes for one bot's next people; the cursor goes from `before` to `after`. Empty: only look.

    All or none of them go: none where more than `most` would lie in the stream then.
    `credit`: so many more paid messages are granted.
    """

    bot: BotId
    before: PersonId
    after: PersonId
    skipped: int = 0
    payloads: tuple[bytes, ...] = ()
    credit: int = 0
    most: int = 0


class Fed(NamedTuple):
    """How far one bot is: the last person fed, how many were, and what became of them.

    `paid` messages were paid for, `credit` more may be.
    """

    cursor: PersonId
    fed: int
    sent: int
    blocked: int
    gone: int
    refused: int
    skipped: int
    paid: int
    credit: int

    @property
    def counted(self) -> int:
        """How many have left the stream, whatever became of them."""
        return self.sent + self.blocked + self.gone + self.refused

    @property
    def under_way(self) -> int:
        """How many lie in the stream; those that came from the stream of a bot that is gone left out."""
        return max(0, self.fed - self.counted)


class Unreached(NamedTuple):
    """Who has blocked the bot, and who is gone for every bot."""

    bot: BotId
    blocked: list[PersonId]
    gone: list[PersonId]


class Casts:
    """The feeder's view."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def feed(self, epoch: Epoch, broadcast: BroadcastId, helpings: Sequence[Helping]) -> list[Fed]:
        """Feed several bots in one round trip; how far each is then. Raises StaleEpoch, RedisAway."""
        if not helpings:
            return []
        calls: list[Call] = [
            (
                FEED,
                (self._keys.inbox(h.bot), self._keys.cast(h.bot, broadcast), self._keys.fences(h.bot)),
                (epoch, h.before, h.after, h.skipped, KEPT_SECONDS, h.credit, h.most, *h.payloads),
            )
            for h in helpings
        ]
        replies = await self._client.run_many(calls, safe=any(h.payloads or h.credit for h in helpings))
        if any(reply == -1 for reply in replies):
            raise StaleEpoch("coordinator", epoch)
        return [Fed(PersonId(reply[0]), *reply[1:]) for reply in replies]

    async def unreached(self, bots: Sequence[BotId], count: int) -> list[Unreached]:
        """Some of those whom these bots could not reach; a bot that reached all is left out."""
        replies = await self._client.pipeline([("SRANDMEMBER", self._keys.lost(bot), count) for bot in bots])
        return [_unreached(bot, reply) for bot, reply in zip(bots, replies, strict=True) if reply]

    async def noted(self, unreached: Unreached) -> None:
        """PostgreSQL knows of these. Raises RedisAway."""
        members = [f"{_BLOCKED}{p}" for p in unreached.blocked] + [f"{_GONE}{p}" for p in unreached.gone]
        await self._client.command("SREM", self._keys.lost(unreached.bot), *members)


class CastBook:
    """The shard's view."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId) -> None:
        self._client = client
        self._keys = keys
        self._bot = bot
        self._stream = (keys.inbox(bot), keys.inflight(bot), keys.epoch(bot))

    async def pay(self, epoch: Epoch, broadcast: BroadcastId, most: int) -> int:
        """Take so many paid messages out of what was granted; how many there were. Raises RedisAway."""
        keys = (self._keys.cast(self._bot, broadcast), self._keys.epoch(self._bot))
        return int(await self._client.run(PAY, keys, (epoch, most), safe=True))

    def tally(
        self, epoch: Epoch, broadcast: BroadcastId, entry: EntryId, person: PersonId, outcome: Outcome
    ) -> Note:
        """What takes the entry out of the stream and counts it, in place of its acknowledgement.

        Not beside it: a server that lost its scripts would take the entry out first, and count nothing.
        """
        mark = {Outcome.BLOCKED: _BLOCKED, Outcome.GONE: _GONE}.get(outcome)
        lost = f"{mark}{person}" if mark else ""
        keys = (*self._stream, self._keys.cast(self._bot, broadcast), self._keys.lost(self._bot))
        return TALLY, keys, (epoch, entry, outcome.value, lost)


def _unreached(bot: BotId, members: Sequence[bytes]) -> Unreached:
    words = [member.decode() for member in members]
    blocked, gone = ([PersonId(int(w[1:])) for w in words if w[0] == mark] for mark in (_BLOCKED, _GONE))
    return Unreached(bot, blocked, gone)
