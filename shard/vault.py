"""Vault channels: how a file gets from one bot to another without passing through us.

Every bot of the network is an administrator of each vault. The bot that has a file posts it
there, bare (no caption, nothing of its sender); another copies it out by the post's number. A
bot may do 20 a minute in one channel, posting and copying together, so files are spread over
the channels, and what the bot did in each is counted where its next process finds it.

A channel that refuses us (we are no administrator there, or it is gone) is left alone for a while.
Posts are not removed by us: the channels' own timer does that (README), so a post is not relied on
for longer than the shortest timer there is.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from core.domain.errors import RedisAway
from core.service.clock import Clock
from core.state.redis.vault_counts import Use, VaultCounts

REMEMBERED = 4_000
"""Posts that a process remembers, so that a file that comes again is not posted again."""

RELIED_ON = 20 * 3_600.0
"""Seconds for which a post is taken to be there."""

LEFT_ALONE = 600.0
"""Seconds for which a channel that refused us is not used."""

log = structlog.get_logger(__name__)


class NoRoom(Exception):
    """No channel has room just now, but one will have in a minute."""


class Post(NamedTuple):
    """Where a file lies."""

    channel: int
    message: int


class Vaults:
    """This bot's share of the channels: what it may do now, and what it has posted."""

    def __init__(self, channels: Sequence[int], clock: Clock, counts: VaultCounts) -> None:
        self._channels = channels
        self._clock = clock
        self._counts = counts
        self._posts: OrderedDict[str, tuple[float, Post]] = OrderedDict()
        self._refusing: dict[int, float] = {}

    def usable(self) -> list[int]:
        """Channels that do not refuse us."""
        now = self._clock.monotonic()
        return [channel for channel in self._channels if self._refusing.get(channel, now) <= now]

    def leave_alone(self, channel: int) -> None:
        """That channel has refused us."""
        self._refusing[channel] = self._clock.monotonic() + LEFT_ALONE

    async def free(self) -> list[int]:
        """Channels in which something may be done now, the least used first. Raises RedisAway."""
        return await self._counts.free(self.usable())

    async def take(self, wanted: Sequence[int]) -> Use | None:
        """Begin something in the least used of those channels; None where none has room. Raises RedisAway."""
        usable = set(self.usable())
        return await self._counts.take([channel for channel in wanted if channel in usable])

    async def done(self, use: Use) -> None:
        """It was answered. Where Redis cannot be told, it counts for longer."""
        try:
            await self._counts.done(use)
        except RedisAway as error:
            log.warning("a vault's use counts for longer", why=str(error))

    def posted(self, unique_id: str) -> Post | None:
        """Where this bot has posted that file before."""
        at, post = self._posts.get(unique_id, (0.0, None))
        return post if at > self._clock.monotonic() - RELIED_ON else None

    def remember(self, unique_id: str, post: Post) -> None:
        """Take note of a post."""
        self._posts[unique_id] = self._clock.monotonic(), post
        if len(self._posts) > REMEMBERED:
            self._posts.popitem(last=False)
