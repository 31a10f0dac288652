"""The leader's feeding: from pages of people to a few envelopes in every shard's stream."""

from collections.abc import Callable, Sequence

import structlog

from coordinator.broadcast.announcer import Announcer
from coordinator.broadcast.line import GRANT, PAGE, Line
from core.domain import envelope as envelopes
from core.domain.broadcast import Broadcast, BroadcastState
from core.domain.envelope import Cast, Envelope, Lane
from core.domain.errors import RedisAway
from core.domain.ids import BotId, BroadcastId, Epoch, PersonId
from core.service import metrics
from core.service.clock import Clock
from core.service.outages import Outages
from core.state.postgres.audience import Audience
from core.state.postgres.bots import BotRow
from core.state.postgres.broadcasts import Broadcasts
from core.state.redis.casts import Casts
from core.state.redis.fleet import Fleet

LOOK_SECONDS = 1.0
"""How often operators' words are asked for."""

NOTE_SECONDS = 5.0
"""How often it is noted how far one has come: Redis knows better, and each note is a write to the disk."""

TURNS = 10
TURN_SECONDS = 0.04
"""Each bot has one of so many turns: shards that wake up together make chats wait."""

UNREACHED_AT_ONCE = 1_000

log = structlog.get_logger(__name__)


class Feeder:
    """One leadership's broadcasting. `rows` are the bots as membership knows them (None = not yet).

    No broadcast may cost more than `most_stars`, whatever was asked for.
    """

    def __init__(
        self,
        broadcasts: Broadcasts,
        audience: Audience,
        casts: Casts,
        announcer: Announcer,
        fleet: Fleet,
        rows: Callable[[], Sequence[BotRow] | None],
        most_stars: int,
        epoch: Epoch,
        clock: Clock,
        outages: Outages,
    ) -> None:
        self._broadcasts = broadcasts
        self._audience = audience
        self._casts = casts
        self._announcer = announcer
        self._fleet = fleet
        self._rows = rows
        self._most_stars = most_stars
        self._epoch = epoch
        self._clock = clock
        self._outages = outages
        self._look_at = float("-inf")
        self._open: list[Broadcast] = []
        self._lines: dict[BroadcastId, list[Line]] = {}
        self._note_at = float("-inf")
        self._ready: frozenset[BotId] = frozenset()

    async def run(self) -> None:
        """Feed for ever; raises StaleEpoch."""
        # A step may need no store at all: that it went well tells nothing of them.
        await self._outages.live_through(self._step)

    async def _step(self) -> float:
        if self._rows() is None:
            return LOOK_SECONDS
        now = self._clock.monotonic()
        if now >= self._look_at:
            await self._look()
            self._look_at = now + LOOK_SECONDS
        running = [one for one in self._open if one.state is BroadcastState.RUNNING]
        pause = 0.0
        for turn in range(TURNS):
            pause += TURN_SECONDS
            for broadcast in running:
                due = self._due(broadcast, turn, self._clock.monotonic() + pause)
                if due:
                    await self._clock.sleep(pause)
                    pause = 0.0
                    await self._feed(broadcast, due)
        return pause if running else LOOK_SECONDS

    def _due(self, broadcast: Broadcast, turn: int, then: float) -> list[Line]:
        """Whose turn it is of those that are to be looked at by then."""
        lines = self._lines[broadcast.id][turn::TURNS]
        return [line for line in lines if line.bot in self._ready and line.due_at <= then]

    async def _look(self) -> None:
        """What operators want by now, and how far it has come."""
        await self._announcer.show_drafts()
        self._open = await self._broadcasts.unfinished()
        self._ready = await self._ready_bots() if self._open else frozenset()
        for broadcast in self._open:
            if broadcast.started_at is None:
                await self._broadcasts.begin(broadcast.id)
            if broadcast.id not in self._lines:
                portions = await self._audience.portions(broadcast.id)
                self._lines[broadcast.id] = [Line(portion) for portion in portions]
            await self._take_note(broadcast, self._lines[broadcast.id])
        self._lines = {one.id: self._lines[one.id] for one in self._open}

    async def _ready_bots(self) -> frozenset[BotId]:
        """Bots whose shard reports, and knows what a broadcast is."""
        serving = [row.id for row in self._rows() or () if row.state.serves]
        return frozenset(bot for bot, report in (await self._fleet.reports(serving)).items() if report.casts)

    async def _feed(self, broadcast: Broadcast, lines: Sequence[Line]) -> None:
        for line in lines:
            after = line.read_from
            if after is not None:
                line.read(await self._audience.page(broadcast.id, line.bot, after, PAGE))
        given = [(line, line.next()) for line in lines]
        busy = [(line, some) for line, some in given if some or line.under_way or not line.looked]
        helpings = [
            line.helping(some, tuple(self._sealed(broadcast, one.person) for one in some if one.fed))
            for line, some in busy
        ]
        try:
            answers = await self._casts.feed(self._epoch, broadcast.id, helpings)
        except RedisAway:
            for line in lines:
                line.doubt()
            raise
        now = self._clock.monotonic()
        for line in lines:
            line.rest(now)
        for (line, some), answer in zip(busy, answers, strict=True):
            line.fed(some, answer, now)

    def _sealed(self, broadcast: Broadcast, to: PersonId) -> bytes:
        now = round(self._clock.wall() * 1000)
        body = Cast(broadcast.id, broadcast.bot, broadcast.content, paid=self._payable(broadcast) > 0)
        return envelopes.encode(Envelope(envelopes.VERSION, to, Lane.BROADCAST, now, body))

    def _payable(self, broadcast: Broadcast) -> int:
        """How many of its messages may be paid for, a tenth of a Star each."""
        return min(broadcast.stars, self._most_stars) * 10

    async def _grant(self, broadcast: Broadcast, lines: Sequence[Line]) -> None:
        """What each bot may pay for: written down first, then told."""
        most = self._payable(broadcast)
        if not most or broadcast.state is not BroadcastState.RUNNING:
            return
        share = max(1, min(GRANT, most // (2 * len(lines))))
        for line in lines:
            if line.wants_credit(share):
                line.credit += await self._audience.grant(broadcast.id, line.bot, share, most)

    async def _take_note(self, broadcast: Broadcast, lines: Sequence[Line]) -> None:
        """Into PostgreSQL: how far it is, and whom nobody need write to any more."""
        look = [line for line in lines if not line.looked or broadcast.state is not BroadcastState.RUNNING]
        for line, answer in zip(
            look,
            await self._casts.feed(self._epoch, broadcast.id, [line.helping((), ()) for line in look]),
            strict=True,
        ):
            line.fed((), answer, self._clock.monotonic())
        await self._grant(broadcast, [line for line in lines if line.bot in self._ready])
        is_over = self._is_over(broadcast, lines)
        now = self._clock.monotonic()
        if broadcast.state is BroadcastState.RUNNING:
            if now < self._note_at and not is_over:
                return
            self._note_at = now + NOTE_SECONDS
        changed = [line for line in lines if line.portion != line.noted]
        if changed:
            await self._audience.note(broadcast.id, [line.portion for line in changed])
            for line in changed:
                line.noted = line.portion
        for unreached in await self._casts.unreached([line.bot for line in lines], UNREACHED_AT_ONCE):
            await self._audience.unreachable(*unreached)
            await self._casts.noted(unreached)
        metrics.BROADCAST_LEFT.set(broadcast.left)
        if is_over:
            await self._announcer.tell_end(await self._broadcasts.get(broadcast.id))
            await self._broadcasts.finish(broadcast.id)
            log.info("a broadcast is over", broadcast=broadcast.id)

    def _is_over(self, broadcast: Broadcast, lines: Sequence[Line]) -> bool:
        """Whether nothing more is to be fed or counted; bots that have left the network hold nothing back."""
        served = {row.id for row in self._rows() or () if row.state.serves}
        waited_for = [line for line in lines if line.bot in served]
        if any(not line.looked or line.under_way for line in waited_for):
            return False
        return broadcast.state is BroadcastState.STOPPED or (
            broadcast.state is BroadcastState.RUNNING and all(line.fed_all for line in waited_for)
        )
