"""Notices when the bot did not hear from Telegram for longer than Telegram keeps updates.

Nothing can bring back what people wrote before those 24 hours, and nobody knows who they were: so it
is counted, logged, and told to the admins. The time of the last word from Telegram is kept in
PostgreSQL, by its clock, once a minute: it outlives processes and Redis.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from core.domain.errors import StoreAway
from core.domain.ids import BotId
from core.service import metrics
from core.service.clock import Clock
from core.state.postgres.bots import Bots
from shard.inbound.alarm import Alarm

KEPT_SECONDS = 24 * 3600.0
"""How long Telegram keeps updates."""

NOTE_SECONDS = 60.0
RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)

_Got = TypeVar("_Got")


class Vigil:
    """`run` keeps watch; whoever hears from Telegram calls `heard`."""

    def __init__(self, bot: BotId, bots: Bots, alarm: Alarm, clock: Clock) -> None:
        self._bot = bot
        self._bots = bots
        self._alarm = alarm
        self._clock = clock
        self._heard = asyncio.Event()

    def heard(self) -> None:
        """Telegram has just answered, with all that there was to be heard."""
        self._heard.set()

    async def run(self) -> None:
        """Watch until cancelled. Raises StaleEpoch."""
        unheard = await self._patiently(lambda: self._bots.unheard_seconds(self._bot))
        last = None if unheard is None else self._clock.monotonic() - unheard
        while True:
            await self._heard.wait()
            self._heard.clear()
            now = self._clock.monotonic()
            if last is not None and now - last > KEPT_SECONDS:
                await self._tell(now - last)
            last = now
            await self._patiently(lambda: self._bots.note_heard(self._bot))
            await self._clock.sleep(NOTE_SECONDS)

    async def _tell(self, seconds: float) -> None:
        hours = round(seconds / 3600)
        metrics.OUTAGES_TOO_LONG.inc()
        log.error(
            "Telegram was not heard for longer than it keeps updates: what people wrote before is lost",
            hours=hours,
        )
        await self._patiently(lambda: self._alarm.tell("unheard_too_long", "unheard", hours=str(hours)))

    async def _patiently(self, ask: Callable[[], Awaitable[_Got]]) -> _Got:
        while True:
            try:
                return await ask()
            except StoreAway:
                await self._clock.sleep(RETRY_SECONDS)
