"""Looks at every bot once a second and moves it on in its life."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from coordinator.membership.life import Sight, Since, next_state
from core.domain.errors import RedisAway
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.service import metrics
from core.service.clock import Clock
from core.service.outages import Outages
from core.state.postgres.bots import BotRow, Bots
from core.state.postgres.pool import DatabaseAway
from core.state.redis.fleet import Fleet
from core.state.redis.leases import Lease

EVERY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Keeper:
    """One leadership's membership. `waiting` tells how many people wait at each bot."""

    def __init__(
        self,
        bots: Bots,
        fleet: Fleet,
        waiting: Callable[[], Mapping[BotId, int]],
        lease: Lease,
        clock: Clock,
        outages: Outages,
    ) -> None:
        self._bots = bots
        self._fleet = fleet
        self._waiting = waiting
        self._lease = lease
        self._clock = clock
        self._outages = outages
        self._served = Since()
        self._quiet = Since()
        self._rows: Sequence[BotRow] | None = None

    async def run(self) -> None:
        """Look for ever. While PostgreSQL is away every bot stays what it is."""
        await self._outages.live_through(self._step, RedisAway, DatabaseAway)

    def rows(self) -> Sequence[BotRow] | None:
        """The bots as they were at the last look; None before the first."""
        return self._rows

    async def _step(self) -> float:
        rows = await self._bots.list()
        await self._look([row.id for row in rows])
        self._rows = [await self._move(row) for row in rows]
        for state in BotState:
            metrics.NETWORK_BOTS.labels(state.value).set(sum(row.state is state for row in self._rows))
        return EVERY_SECONDS

    async def _look(self, bots: Sequence[BotId]) -> None:
        served = await self._fleet.served(bots)
        talking = await self._fleet.chatting()
        undelivered = await self._fleet.backlogs(bots, round(self._clock.wall() * 1000))
        waiting = self._waiting()
        busy = {
            b for b in bots if talking.get(b, 0) > 0 or waiting.get(b, 0) > 0 or undelivered[b].entries > 0
        }
        now = self._clock.monotonic()
        self._served.note(served, now)
        self._quiet.note(set(bots) - busy, now)

    async def _move(self, row: BotRow) -> BotRow:
        """Move the bot on where that follows and this process still leads; the row as it is then."""
        now = self._clock.monotonic()
        state = next_state(
            row.state, Sight(self._served.seconds(row.id, now), self._quiet.seconds(row.id, now))
        )
        if state is row.state or not self._lease.valid():
            return row
        if not await self._bots.set_state(row.id, state, expected=row.state):
            return row
        log.info("a bot moves on", bot=row.id, was=row.state.value, now=state.value)
        return row._replace(state=state)
