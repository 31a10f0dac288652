"""What is different about a broadcast: when one may go, what it may cost, and how it is counted.

A broadcast takes what is left over: never the room or the slots that others need. Its messages go evenly,
a few together: slots that are taken all at once come back all at once, and those who talk would wait for
them; but each alone would wake everybody up, and have the disk written for itself.

Where the operator allows a paid one, its messages go as such while nothing is left over, in slots of their
own. Each is paid from what the leading coordinator has granted this bot, and taken from that before the
call: so however often a call is repeated and whoever dies, no more is spent than was granted.
"""

import structlog

from core.domain.broadcast import Outcome
from core.domain.envelope import Cast, Lane
from core.domain.errors import RedisAway
from core.domain.ids import BroadcastId, EntryId
from core.service import metrics
from core.service.clock import Clock
from core.state.redis.casts import CastBook
from core.state.redis.leases import Lease
from core.state.redis.streams import Note
from shard.outbound.compose import Call
from shard.outbound.lanes import Item
from shard.outbound.pacing import Budget, Slot
from shard.telegram import Unreachable

TOGETHER = 10
"""One in so many of a second's messages go together."""

SPARE = 0.35
"""A free message is sent only while this share of the budget's slots is free.

People write by chance, and a slot comes back after a second: with three in ten, one of their messages in four
hundred waits; with this, one in four thousand.
"""

LOOK_AGAIN_SECONDS = 0.035
"""When a broadcast looks again that found no room, where it is not known when there will be."""

SOONEST_SECONDS = 0.007
"""How soon it looks again at the earliest."""

PAID_AT_ONCE = 16
PAID_RATE = 300.0
"""Paid messages a second: below Telegram's thousand, and what a process carries beside its chats."""

PURSE = 10
"""Messages paid for in one round trip; what a process that dies had left of them is spent."""

EMPTY_SECONDS = 1.0
"""How long a purse that found nothing does not ask again."""


log = structlog.get_logger(__name__)


class Casting:
    """Asked about every broadcast, and about nothing else. `paid` hands out slots of its own; it must run."""

    def __init__(self, lease: Lease, book: CastBook, budget: Budget, paid: Budget, clock: Clock) -> None:
        self._lease = lease
        self._book = book
        self._budget = budget
        self._paid = paid
        self._clock = clock
        self._under_way = 0
        self._together = max(1, int(budget.cap) // TOGETHER)
        self._left = 0
        self._next_at = 0.0
        self._purse = 0
        self._purse_of = BroadcastId(0)
        self._empty_until = 0.0
        self._lost: dict[EntryId, Outcome] = {}

    def lowest(self) -> Lane:
        """The lowest lane of which something may go now, while a broadcast waits."""
        is_time = self._left > 0 or self._clock.monotonic() >= self._next_at
        free = is_time and self._under_way < self._together and self._budget.spare >= SPARE
        paid = self._may_pay() and self._under_way < PAID_AT_ONCE
        return Lane.BROADCAST if free or paid else Lane.RELAYED

    def look_again(self) -> float:
        """Seconds after which a broadcast that may not go now may find room."""
        if self._may_pay():
            return LOOK_AGAIN_SECONDS
        now = self._clock.monotonic()
        room_at = self._budget.spare_at(SPARE)
        pause = LOOK_AGAIN_SECONDS if room_at is None else room_at - now
        return max(SOONEST_SECONDS, self._next_at - now, pause)

    def began(self) -> None:
        """A broadcast is worked on."""
        self._under_way += 1
        now = self._clock.monotonic()
        if now >= self._next_at:
            self._left, self._next_at = self._together, now + self._together / self._budget.rate
        self._left = max(0, self._left - 1)

    def ended(self) -> bool:
        """It is no more, for now; whether others may have waited for that."""
        full = self._under_way >= PAID_AT_ONCE
        self._under_way -= 1
        return full

    async def slot(self, item: Item, call: Call) -> tuple[Budget, Slot]:
        """A slot for this one message, and whose it is; one that is paid for is marked so."""
        body = item.envelope.body
        if isinstance(body, Cast) and not call.needs and await self._pays(body):
            call.params["allow_paid_broadcast"] = True
            metrics.BROADCAST_PAID.inc()
            return self._paid, await self._paid.take(Lane.BROADCAST)
        return self._budget, await self._budget.take(item.envelope.lane)

    def unreachable(self, item: Item, error: Unreachable) -> None:
        """Whoever it is for has left this bot, or is gone for all of them."""
        if item.envelope.lane is Lane.BROADCAST:
            gone = "deactivated" in error.description
            self._lost[item.id] = Outcome.GONE if gone else Outcome.BLOCKED

    def tally(self, item: Item, body: Cast, *, sent: bool) -> Note:
        """What counts the entry and takes it out of the stream."""
        outcome = Outcome.SENT if sent else self._lost.pop(item.id, Outcome.REFUSED)
        metrics.BROADCAST_OUT.labels(outcome.value).inc()
        return self._book.tally(self._lease.epoch, body.broadcast, item.id, item.envelope.to, outcome)

    def _may_pay(self) -> bool:
        """Whether there is something to pay with, as far as is known."""
        if not self._purse_of:
            return False
        return self._purse > 0 or self._clock.monotonic() >= self._empty_until

    async def _pays(self, body: Cast) -> bool:
        """Whether this message is paid for; while there is room it is free."""
        if self._purse_of != (body.broadcast if body.paid else 0):
            self._purse, self._empty_until = 0, 0.0
            self._purse_of = body.broadcast if body.paid else BroadcastId(0)
        if not self._may_pay() or self._budget.spare >= SPARE:
            return False
        if self._purse == 0:
            try:
                got = await self._book.pay(self._lease.epoch, body.broadcast, PURSE)
                self._purse += got
            except RedisAway as error:
                log.debug("nothing can be paid for", why=str(error))
        if self._purse == 0:
            self._empty_until = self._clock.monotonic() + EMPTY_SECONDS
            return False
        self._purse -= 1
        return True
