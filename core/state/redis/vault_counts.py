"""How often a bot was in each vault channel in the last minute.

In Redis, so that whoever serves the token next counts on. A use is begun before the call and
counts from its answer on: while it is under way, however long that takes, it stands in the
future. So no minute at Telegram holds more than `MOST`. The uses of a process that died stand
until it is certain that nothing of them is under way any more. A round trip each way, only for
files that go through a vault.
"""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from core.domain.ids import BotId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import VAULT_DONE, VAULT_TAKE

MOST = 19
"""What a bot does in one channel in any minute; one below Telegram's limit, for the way there."""

WINDOW_MS = 60_000
UNDER_WAY_MS = 240_000
"""How long a use may wait for a slot of the budget and for Telegram's answer."""


class Use(NamedTuple):
    """One thing done in a channel."""

    channel: int
    name: str


class VaultCounts:
    """One bot's uses. All methods raise RedisAway."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId, *, window_ms: int = WINDOW_MS) -> None:
        self._client = client
        self._keys = keys
        self._bot = bot
        self._window_ms = window_ms

    async def free(self, channels: Sequence[int]) -> list[int]:
        """Those in which something may be done now, the least used first."""
        _, *uses = await self._ask(channels, "")
        free = [(count, at) for at, count in enumerate(uses) if count < MOST]
        return [channels[at] for _, at in sorted(free)]

    async def take(self, channels: Sequence[int]) -> Use | None:
        """Begin a use of the least used of these channels; None where none has room."""
        name = secrets.token_hex(8)
        chosen, *_ = await self._ask(channels, name)
        return Use(channels[chosen - 1], name) if chosen else None

    async def done(self, use: Use) -> None:
        """Telegram has answered, or will not."""
        key = self._keys.vault(self._bot, use.channel)
        await self._client.run(VAULT_DONE, (key,), (self._window_ms, use.name))

    async def _ask(self, channels: Sequence[int], name: str) -> list[int]:
        if not channels:
            return [0]
        keys = [self._keys.vault(self._bot, channel) for channel in channels]
        args = (MOST, self._window_ms, UNDER_WAY_MS, name)
        reply: list[int] = await self._client.run(VAULT_TAKE, keys, args)
        return reply
