"""The leader's matchmaking: tickets in, conversations out."""

import asyncio
from collections.abc import Sequence

from coordinator.matchmaking.pool import Pool, Round, Rules, pair
from core.domain.conversation import ChatEvent
from core.domain.errors import RedisAway
from core.domain.ids import BotId, ConversationId, Epoch, TicketId
from core.domain.ticket import Pairing, Ticket
from core.service import metrics
from core.service.clock import Clock
from core.service.failpoints import passing
from core.service.outages import Outages
from core.state.redis.conversations import Conversations

READ_AT_ONCE = 1_000
"""Tickets taken from Redis in one read."""

COMMIT_AT_ONCE = 250
"""Pairs committed in one round trip: few enough that both sides hear of it soon."""

WAIT_SECONDS = 1.0
"""How long a read waits for somebody to arrive."""

COMPARE_SECONDS = 5.0
"""How often the pool is compared with Redis, where it holds more people than wait there."""


class Matcher:
    """One leadership's matchmaking, from an empty pool. `run` ends by StaleEpoch when another leads."""

    def __init__(
        self, conversations: Conversations, epoch: Epoch, rules: Rules, clock: Clock, outages: Outages
    ) -> None:
        self._conversations = conversations
        self._epoch = epoch
        self._clock = clock
        self._outages = outages
        self._pool = Pool(rules)
        self._cursor: TicketId | None = None
        self._made = 0
        self._compared = clock.monotonic()
        self._carrying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Match for ever; raises StaleEpoch."""
        try:
            await self._outages.live_through(self._step, RedisAway)
        finally:
            if self._carrying is not None:
                self._carrying.cancel()
                await asyncio.wait({self._carrying})
                self._carrying = None

    def waiting_by_bot(self) -> dict[BotId, int]:
        """How many wait at each bot."""
        return self._pool.waiting_by_bot()

    async def _step(self) -> float:
        arrivals = await self._conversations.waiting(self._cursor, READ_AT_ONCE, block_ms=self._patience_ms())
        now = self._clock.monotonic()
        for ticket in arrivals:
            self._pool.add(ticket, now)
        if arrivals:
            self._cursor = arrivals[-1].id
        self._pool.wake(now)
        while await self._commit(pair(self._pool, now, COMMIT_AT_ONCE), now):
            pass
        if now >= self._compared + COMPARE_SECONDS:
            self._compared = now
            await self._compare()
        metrics.WAITING.set(len(self._pool))
        return 0.0

    def _patience_ms(self) -> int:
        """How long to wait for arrivals: until somebody's patience ends. At least 1, as 0 is for ever."""
        wakes = self._pool.next_wake()
        seconds = WAIT_SECONDS if wakes is None else min(WAIT_SECONDS, wakes - self._clock.monotonic())
        return max(1, round(seconds * 1000))

    async def _commit(self, round_: Round, now: float) -> bool:
        """Commit what a look at the pool found; whether there may be more to find."""
        pairings = [Pairing(self._next_conversation(), a, b) for a, b in round_.pairs]
        events: list[ChatEvent] = []
        if pairings:
            for pairing, answer in zip(
                pairings, await self._conversations.match(self._epoch, pairings), strict=True
            ):
                if answer.events:
                    self._talk(pairing, now)
                    events.extend(answer.events)
                else:
                    metrics.MATCHES_MISSED.inc()
                    self._back(pairing.a, waits=answer.a_waits)
                    self._back(pairing.b, waits=answer.b_waits)
        self._pool.rest(round_.unlucky, now)
        if events:
            metrics.MATCHES.inc(len(events) // 2)
            passing("mid_match")
            if self._carrying is not None:
                await self._carrying
            self._carrying = asyncio.create_task(self._carry(events))
        return bool(pairings)

    async def _carry(self, events: Sequence[ChatEvent]) -> None:
        """While the next pairs are made; what does not get through is left to the sweeper."""
        try:
            await self._conversations.carry(events, round(self._clock.wall() * 1000))
        except RedisAway as error:
            self._outages.away(error)

    def _talk(self, pairing: Pairing, now: float) -> None:
        for ticket in (pairing.a, pairing.b):
            waiter = self._pool.remove(ticket)
            if waiter is not None:
                metrics.WAIT_SECONDS.observe(now - waiter.since)

    def _back(self, ticket: Ticket, *, waits: bool) -> None:
        if waits:
            self._pool.seek(ticket)
        else:
            self._pool.remove(ticket)

    async def _compare(self) -> None:
        """Forget those who stopped waiting while nobody came who could have found it out."""
        if len(self._pool) <= await self._conversations.waiting_count() or self._cursor is None:
            return
        upto = self._cursor
        waiting: set[TicketId] = set()
        after: TicketId | None = None
        while page := await self._waiting_page(after):
            waiting.update(ticket.id for ticket in page)
            after = page[-1].id
        self._pool.keep(waiting, upto)

    async def _waiting_page(self, after: TicketId | None) -> Sequence[Ticket]:
        return await self._conversations.waiting(after, READ_AT_ONCE, block_ms=1)

    def _next_conversation(self) -> ConversationId:
        self._made += 1
        return ConversationId((self._epoch << 32) | self._made)
