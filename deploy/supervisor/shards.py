"""A shard for every bot of the table `bots` that should be served, whoever changes the table."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress

from core.domain.ids import BotId
from core.state.postgres.bots import BotRow, Bots
from core.state.postgres.pool import DatabaseAway

LOOK_S = 1.0

KeepShard = Callable[[BotRow], Coroutine[None, None, None]]
"""Serves a bot until cancelled."""


class Acquaintances:
    """Telegram takes about 20 new tokens a minute from one address: those above wait their turn."""

    def __init__(self, at_most: int = 20, within_s: float = 61.0) -> None:
        self._within_s = within_s
        self._known: set[BotId] = set()
        self._turns: deque[float] = deque(maxlen=at_most)

    def know(self, bots: Iterable[BotId]) -> None:
        """Telegram has seen these a moment ago."""
        self._known.update(bots)

    async def meet(self, bot: BotId) -> None:
        """Wait until this bot may show itself; at once where it has before."""
        if bot in self._known:
            return
        self._known.add(bot)
        now = time.monotonic()
        full = len(self._turns) == self._turns.maxlen
        turn = max(now, self._turns[0] + self._within_s) if full else now
        self._turns.append(turn)
        await asyncio.sleep(turn - now)


class Shards:
    """Watches the table; a task for each bot."""

    def __init__(self, bots: Bots, keep: KeepShard) -> None:
        self._bots = bots
        self._keep = keep
        self._kept: dict[BotId, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; then all shards end, at the same time."""
        async with asyncio.TaskGroup() as group:
            while True:
                # While the table cannot be read, what runs goes on.
                with suppress(DatabaseAway):
                    self._follow(await self._bots.list(), group)
                await asyncio.sleep(LOOK_S)

    def _follow(self, rows: list[BotRow], group: asyncio.TaskGroup) -> None:
        wanted = {row.id: row for row in rows if row.state.serves}
        for bot in [bot for bot, task in self._kept.items() if task.done()]:
            del self._kept[bot]
        for bot, task in self._kept.items():
            if bot not in wanted and not task.cancelling():
                task.cancel()
        for bot, row in wanted.items():
            if bot not in self._kept:
                self._kept[bot] = group.create_task(self._keep(row), name=f"shard {bot}")
