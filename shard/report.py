"""Once a second: this shard tells the network how it is."""

import asyncio
import os
import socket
from collections import deque

import structlog

from core.domain.errors import RedisAway
from core.domain.ids import BotId
from core.service import memory, metrics
from core.service.clock import Clock
from core.state.redis.fleet import Fleet, ShardReport
from core.state.redis.leases import Lease
from core.state.redis.streams import Inbox
from shard.outbound.lanes import Lanes
from shard.outbound.pacing import Budget
from shard.standings import Standings

EVERY = 1.0
SELDOM = 30
"""Memory and people are counted anew with so many reports: that is dear."""

RATE_OVER = 10
"""Rates are means over this many seconds."""

log = structlog.get_logger(__name__)


class Reporter:
    """Gathers figures from the parts of the shard and from its stream."""

    def __init__(
        self,
        bot: BotId,
        lease: Lease,
        inbox: Inbox,
        lanes: Lanes,
        budget: Budget,
        standings: Standings,
        fleet: Fleet,
        clock: Clock,
        file_url: str,
    ) -> None:
        self._bot = bot
        self._lease = lease
        self._inbox = inbox
        self._lanes = lanes
        self._budget = budget
        self._standings = standings
        self._fleet = fleet
        self._clock = clock
        self._file_url = file_url
        self._made = 0
        self._people = self._chatting = 0
        self._memory = 0.0
        self._counts: deque[tuple[float, float, float]] = deque(maxlen=RATE_OVER + 1)

    async def run(self) -> None:
        """Report until cancelled; a report that Redis does not take is left out."""
        while True:
            metrics.LEASE_HELD.set(self._lease.valid())
            try:
                if self._lease.valid():
                    await self._fleet.report(await self._report())
            except RedisAway as error:
                log.debug("no report", why=str(error))
            self._lanes.forget_idle(self._clock.monotonic())
            await asyncio.sleep(EVERY)

    async def _report(self) -> ShardReport:
        stream = await self._inbox.look()
        now = self._clock.wall()
        age = max(0.0, now - stream.oldest_ms / 1000) if stream.oldest_ms else 0.0
        if self._made % SELDOM == 0:
            self._people, self._chatting = self._standings.counts()
            memory.give_back()
            self._memory = memory.private_mib()
            metrics.MEMORY_PRIVATE.set(self._memory)
        self._made += 1
        self._counts.append(
            (self._clock.monotonic(), metrics.value(metrics.MESSAGES_IN), metrics.value(metrics.MESSAGES_OUT))
        )
        rate_in, rate_out = self._rates()
        metrics.BACKLOG.set(stream.waiting)
        metrics.STALE_REFUSED.set(stream.refused)
        metrics.BACKLOG_AGE.set(age)
        metrics.BUDGET_IN_USE.set(self._budget.in_use)
        metrics.BUDGET_RATE.set(self._budget.rate)
        return ShardReport(
            bot=self._bot,
            epoch=self._lease.epoch,
            at=round(now * 1000),
            host=socket.gethostname(),
            pid=os.getpid(),
            people=self._people,
            conversations=self._chatting,
            rate_in=rate_in,
            rate_out=rate_out,
            cap=self._budget.rate,
            backlog=stream.waiting,
            backlog_age_s=age,
            too_many=round(metrics.value(metrics.TOO_MANY)),
            repeats=round(metrics.value(metrics.REPEATS)),
            bounced=round(metrics.value(metrics.BOUNCED)),
            memory_mib=self._memory,
            file_url=self._file_url,
            casts=True,
        )

    def _rates(self) -> tuple[float, float]:
        (then, in_then, out_then), (now, in_now, out_now) = self._counts[0], self._counts[-1]
        elapsed = now - then
        return ((in_now - in_then) / elapsed, (out_now - out_then) / elapsed) if elapsed > 0 else (0.0, 0.0)
