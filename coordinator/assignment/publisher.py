"""Publishes the directory once a second: every bot, its headroom, and whether newcomers may stay."""

from collections.abc import Callable, Mapping, Sequence

from coordinator.assignment.headroom import Policy, headroom, is_open
from coordinator.capacity.measure import Capacity, measure
from core.domain.errors import RedisAway
from core.domain.fleet import BotState, Directory, DirectoryEntry, ShardReport
from core.domain.ids import BotId, Epoch
from core.service import metrics
from core.service.clock import Clock
from core.service.outages import Outages
from core.state.postgres.bots import BotRow
from core.state.redis.fleet import Fleet

EVERY_SECONDS = 1.0


class Publisher:
    """One leadership's directory. `rows` are the bots as membership knows them (None = not yet)."""

    def __init__(
        self,
        fleet: Fleet,
        rows: Callable[[], Sequence[BotRow] | None],
        waiting: Callable[[], Mapping[BotId, int]],
        epoch: Epoch,
        policy: Policy,
        clock: Clock,
        outages: Outages,
    ) -> None:
        self._fleet = fleet
        self._rows = rows
        self._waiting = waiting
        self._epoch = epoch
        self._policy = policy
        self._clock = clock
        self._outages = outages
        self._last: Directory | None = None

    async def run(self) -> None:
        """Publish for ever; raises StaleEpoch."""
        await self._outages.live_through(self._step, RedisAway)

    async def _step(self) -> float:
        last = self._last or await self._fleet.directory()
        rows = self._rows()
        if rows is None:
            return EVERY_SECONDS / 10
        served = await self._fleet.served([row.id for row in rows])
        # A retired bot is known for as long as a shard serves it, which lets nobody begin anything there.
        known = [row for row in rows if row.state is not BotState.RETIRED or row.id in served]
        # A lease ends sooner than a report is forgotten.
        reports = await self._fleet.reports([row.id for row in known if row.id in served])
        waiting = self._waiting()
        directory = Directory(
            at=round(self._clock.wall() * 1000),
            waiting=sum(waiting.values()),
            bots=tuple(self._entry(row, reports.get(row.id), waiting.get(row.id, 0), last) for row in known),
        )
        await self._fleet.publish(self._epoch, directory)
        self._last = directory
        _show(measure(directory, reports))
        metrics.STALE_REFUSED.set(await self._fleet.refused())
        return EVERY_SECONDS

    def _entry(
        self, row: BotRow, report: ShardReport | None, waiting: int, last: Directory
    ) -> DirectoryEntry:
        before = last.find(row.id)
        if report is None:
            # Without headroom nobody is sent there; whether it was open says what it does when it is back.
            was_open = before is not None and before.open and row.state is BotState.ACTIVE
            return DirectoryEntry(row.id, row.username, row.state, 0.0, open=was_open, waiting=waiting)
        room = headroom(report, waiting, self._policy)
        opened = is_open(
            row.state, room, report.cap, was_open=before is not None and before.open, policy=self._policy
        )
        return DirectoryEntry(row.id, row.username, row.state, round(room, 3), opened, waiting)


def _show(capacity: Capacity) -> None:
    metrics.HEADROOM.set(capacity.headroom)
    metrics.NETWORK_SHARE.set(capacity.share)
    metrics.NETWORK_CAP.set(capacity.cap)
