"""Vault channels: how a file gets from one bot to another without passing through us.

Every bot of the network is an administrator of each vault. The bot that has a file posts it
there, bare (no caption, nothing of its sender); another copies it out by the post's number. A
bot may do 20 a minute in one channel, posting and copying together, so files are spread over
the channels, and this process keeps count of what it may still do in each.

A channel that refuses us (we are no administrator there, or it is gone) is left alone for a while.
Posts are not removed by us: the channels' own timer does that (README), so a post is not relied on
for longer than the shortest timer there is.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.service.clock import Clock

PER_MINUTE = 19
"""What a bot does in one channel in any minute; one below Telegram's limit, for the way there."""

REMEMBERED = 20_000
"""Posts that a process remembers, so that a file that comes again is not posted again."""

RELIED_ON = 20 * 3_600.0
"""Seconds for which a post is taken to be there."""

LEFT_ALONE = 600.0
"""Seconds for which a channel that refused us is not used."""


class NoRoom(Exception):
    """No channel has room just now, but one will have in a minute."""


class Post(NamedTuple):
    """Where a file lies."""

    channel: int
    message: int


class Vaults:
    """This bot's share of the channels: what it may do now, and what it has posted."""

    def __init__(self, channels: Sequence[int], clock: Clock) -> None:
        self._clock = clock
        self._used: dict[int, list[float]] = {channel: [] for channel in channels}
        self._posts: OrderedDict[str, tuple[float, Post]] = OrderedDict()
        self._refusing: dict[int, float] = {}

    def usable(self) -> list[int]:
        """Channels that do not refuse us."""
        now = self._clock.monotonic()
        return [channel for channel in self._used if self._refusing.get(channel, now) <= now]

    def leave_alone(self, channel: int) -> None:
        """That channel has refused us."""
        self._refusing[channel] = self._clock.monotonic() + LEFT_ALONE

    def free(self) -> list[int]:
        """Channels in which something may be done now, the least used first."""
        since = self._clock.monotonic() - 60.0
        for channel, times in self._used.items():
            self._used[channel] = [at for at in times if at > since]
        free = [channel for channel in self.usable() if len(self._used[channel]) < PER_MINUTE]
        return sorted(free, key=lambda channel: len(self._used[channel]))

    def choose(self, wanted: Iterable[int]) -> int | None:
        """The least used of those channels in which something may be done, or None."""
        allowed = set(wanted)
        return next((channel for channel in self.free() if channel in allowed), None)

    def use(self, channel: int) -> None:
        """Something is done in that channel; it counts for a minute from now."""
        self._used[channel].append(self._clock.monotonic())

    def posted(self, unique_id: str) -> Post | None:
        """Where this bot has posted that file before."""
        at, post = self._posts.get(unique_id, (0.0, None))
        return post if at > self._clock.monotonic() - RELIED_ON else None

    def remember(self, unique_id: str, post: Post) -> None:
        """Take note of a post."""
        self._posts[unique_id] = self._clock.monotonic(), post
        if len(self._posts) > REMEMBERED:
            self._posts.popitem(last=False)
