"""Carries events that were left in the outbox by a process that died or lost its connection.

At the start of a leadership all of them; then, every 300 ms, those that lay there already the
time before. So an event waits for its own process first, whatever anybody's clock says.
"""

from core.domain.errors import RedisAway
from core.service import metrics
from core.service.clock import Clock
from core.service.outages import Outages
from core.state.redis.conversations import Conversations

EVERY_SECONDS = 0.3
AT_ONCE = 500

ALL = "+"


class Sweeper:
    """One leadership's sweeping. Carrying twice does no harm, so it needs no fence."""

    def __init__(self, conversations: Conversations, clock: Clock, outages: Outages) -> None:
        self._conversations = conversations
        self._clock = clock
        self._outages = outages
        self._upto: str | None = ALL

    async def run(self) -> None:
        """Sweep for ever."""
        await self._outages.live_through(self._step, RedisAway)

    async def _step(self) -> float:
        while self._upto is not None:
            events, unreadable = await self._conversations.uncarried(self._upto, AT_ONCE)
            metrics.OUTBOX_UNREADABLE.set(unreadable)
            if not events:
                break
            await self._conversations.carry(events, round(self._clock.wall() * 1000))
            metrics.SWEPT.inc(len(events))
        self._upto = await self._conversations.newest_event()
        return EVERY_SECONDS
