"""The budget of one token, and the pace of one chat.

Theory. Telegram counts a call when it arrives, which is some time between our sending it and
its answer; jitter on the way can push two groups of calls together, so that even spacing is no
guarantee. The budget therefore has `cap` slots. Each slot is an AsyncLimiter that lets one call
through a second; the call is entered when its answer comes, so its second counts from there, and
until then nobody else has the slot. A slot's call arrives before its answer and the
slot's next call after a second more, so no sliding second at Telegram can hold two calls of one
slot, hence never more than `cap`, whatever the jitter. The price is the time of the call: a slot
makes 1 / (1 s + latency) calls a second.

The limiter judges; we only sleep until it can say yes, because its own timers are dear when
many wait. A pace per chat (GCRA: one call a second sustained, a small burst) counts from the
answer too.

Slots that are given together stay together, a second later and for ever. So while several wait, slots
are given in small groups: one that is ready waits a moment for the next, which costs time once; from then
on a group shares its wake-ups and writes. Groups follow each other a little faster than the
cap, so that a big burst, whose last calls are answered late, comes apart.

When Telegram tells the bot to wait, no slot is given until then, and for a while there are fewer
slots (shard.outbound.rate).
"""

import asyncio
import heapq
import itertools
import math
from collections import deque
from dataclasses import dataclass

import msgspec
from aiolimiter import AsyncLimiter

from core.service.clock import Clock
from shard.outbound.rate import FLOOR, LearnedRate

SECOND = 1.002
"""A slot's second, with a little room for the granularity of clocks."""

GROUPS = 6
"""So many groups a second, where the cap is above that."""

JUDGE_AGAIN = 0.001
"""Seconds after which a limiter that said no is asked again: its clock stands still while the loop works."""

HOLD = 0.02
"""Seconds that a slot which is ready waits at most for the next one of its group."""

PRESS = 1.25
"""How much faster than the cap groups follow each other."""

_FIRST = -1
"""Before every lane: what a call still lacks that holds slots already."""

CHAT_INTERVAL = 1.02
"""Seconds between two messages to one chat, sustained."""

CHAT_BURST = 3
"""Messages to one chat that may follow each other at once after a silence."""


@dataclass(slots=True)
class Slot:
    """The right to one call, from `Budget.take`; goes back by `answered` or `unused`."""

    limiter: AsyncLimiter
    ready_at: float = 0.0
    granted_at: float = 0.0


class Budget:
    """All calls of one token. `run` is the one that hands out; it must run for `take` to return."""

    def __init__(self, clock: Clock, cap: float) -> None:
        """`cap` in calls a second, rounded down to slots; below one the only slot's second is stretched."""
        self._clock = clock
        self.cap = cap
        slots = max(1, int(cap))
        self._second = SECOND * max(1.0, 1 / cap)
        self._size = self._most = slots
        # A thousandth shorter than our own wait, so that rounding never makes the limiter's timers turn.
        self._period = self._second * 0.999
        # In the order in which they are ready, because each is put back for the same time.
        self._free = deque(Slot(AsyncLimiter(1, self._period)) for _ in range(slots))
        self._waiters: list[tuple[int, int, asyncio.Future[Slot]]] = []
        self._turns = itertools.count()
        self._wake = asyncio.Event()
        self._rest_until = 0.0
        self._rate = LearnedRate(cap)
        self._surplus = 0
        self._group = max(1, slots // GROUPS)
        self._spread = self._group / (cap * PRESS)
        self._group_at = float("-inf")
        self._grouped = 0
        self._gathering = asyncio.Lock()

    async def run(self) -> None:
        """Give each slot, as it becomes ready, to the waiter that is first by then."""
        while True:
            wait = self._wait()
            if wait is None:
                self._wake.clear()
                await self._wake.wait()
            elif wait > 0:
                await self._clock.sleep(wait)
            else:
                self._grant()

    async def take(self, priority: int) -> Slot:
        """Wait for a slot; a lower priority number goes first, equals in order of arrival."""
        return await self._take(priority, next(self._turns))

    async def _take(self, priority: int, turn: int) -> Slot:
        slot = self.at_once()
        if slot is not None:
            return slot
        future = self._queue(priority, turn)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.unused(future.result())
            raise

    async def take_many(self, priority: int, count: int) -> list[Slot]:
        """Wait for the slots of a call that counts as so many, no more than `fewest`.

        The first is waited for as in `take`; the others go before all else, because what has been
        taken lies idle until all are there. One at a time gathers: two could wait for each other for ever.
        """
        turn = next(self._turns)
        async with self._gathering:
            first = await self._take(priority, turn)
            others = [self.later(_FIRST) for _ in range(count - 1)]
            try:
                return [first, *[await other for other in others]]
            except asyncio.CancelledError:
                self.unused(first)
                for other in others:
                    if not (other.cancel() or other.cancelled()):
                        self.unused(other.result())
                raise

    def at_once(self) -> Slot | None:
        """A slot that nobody has to wait for, if there is one."""
        now = self._clock.monotonic()
        if self._size < self._most:
            self._fit(now)
        if self._waiters or self._grouped_out(now) > 0:
            return None
        return self._ready_slot(now)

    def later(self, priority: int) -> asyncio.Future[Slot]:
        """A slot when it is ready, in the order of `take`."""
        return self._queue(priority, next(self._turns))

    def _queue(self, priority: int, turn: int) -> asyncio.Future[Slot]:
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (priority, turn, future))
        self._wake.set()
        return future

    def answered(self, slot: Slot) -> None:
        """The slot's call was answered, or failed: its second begins now."""
        now = self._clock.monotonic()
        took = now - slot.granted_at
        if self._waiters:
            self._rate.answered(now, took)
        else:
            self._rate.alone(took)
        _enter(slot.limiter)
        self._put_back(slot, now)

    def unused(self, slot: Slot) -> None:
        """Put the slot back, to be ready in a second."""
        self._put_back(slot, self._clock.monotonic())

    def _put_back(self, slot: Slot, now: float) -> None:
        if self._surplus > 0:
            self._surplus -= 1
            self._size -= 1
            return
        slot.ready_at = now + self._second
        self._free.append(slot)
        if self._waiters:
            self._wake.set()

    def rest(self, seconds: float) -> None:
        """Telegram told the whole bot to wait: no slot is given until then."""
        now = self._clock.monotonic()
        self._rest_until = max(self._rest_until, now + seconds)
        self._rate.refused(now, self._rest_until)
        self._fit(now)

    @property
    def fewest(self) -> int:
        """Slots that there are always, however low the rate has gone."""
        return max(1, int(self.cap * FLOOR))

    @property
    def rate(self) -> float:
        """Calls a second that this token is given just now: the cap, or less after a refusal."""
        return self._rate.at(self._clock.monotonic())

    @property
    def resting(self) -> bool:
        """Whether the whole bot has been told to wait."""
        return self._clock.monotonic() < self._rest_until

    @property
    def in_use(self) -> int:
        """Slots whose call is under way, or whose second is not over."""
        now = self._clock.monotonic()
        return self._size - sum(slot.ready_at <= now for slot in self._free)

    @property
    def spare(self) -> float:
        """Share of the slots that nobody needs just now, 0 to 1."""
        return 0.0 if self._waiters else 1 - self.in_use / self._size

    def spare_at(self, share: float) -> float | None:
        """When this share of the slots is free, if nobody takes one; None where calls under way decide."""
        wanted = math.ceil(share * self._size)
        return self._free[wanted - 1].ready_at if 0 < wanted <= len(self._free) else None

    def _wait(self) -> float | None:
        """Seconds until a slot can be given; None while there is no slot or nobody waits."""
        while self._waiters and self._waiters[0][2].done():
            heapq.heappop(self._waiters)
        if not self._free or not self._waiters:
            return None
        now = self._clock.monotonic()
        wait = max(self._free[0].ready_at, self._rest_until) - now
        if len(self._waiters) > self._group:
            wait = max(wait, self._grouped_out(now))
        last = self._free[0].ready_at
        for slot in itertools.islice(self._free, min(self._group, len(self._waiters))):
            if slot.ready_at > last + HOLD:
                break
            last = slot.ready_at
        return max(wait, last - now)

    def _grouped_out(self, now: float) -> float:
        """Seconds until the next group may begin, where the present one is full."""
        if self._grouped < self._group:
            return 0.0
        return self._group_at + self._spread - now

    def _fit(self, now: float) -> None:
        """As many slots as the rate allows now; surplus ones leave at once, or when they come back."""
        wanted = max(1, int(self._rate.at(now)))
        self._surplus = max(0, self._size - wanted)
        while self._surplus and len(self._free) > 1:
            self._free.pop()
            self._surplus -= 1
            self._size -= 1
        while self._size < wanted:
            self._size += 1
            self._free.append(Slot(AsyncLimiter(1, self._period), now + self._second))

    def _grant(self) -> None:
        """What is ready, no more than a group, to those who are first by now."""
        self._fit(self._clock.monotonic())
        for _ in range(self._group):
            slot = self._ready_slot(self._clock.monotonic()) if self._waiters else None
            if slot is None:
                return
            self._hand_over(slot)

    def _hand_over(self, slot: Slot) -> None:
        while self._waiters:
            future = heapq.heappop(self._waiters)[2]
            if not future.done():
                future.set_result(slot)
                return
        self.unused(slot)

    def _ready_slot(self, now: float) -> Slot | None:
        """The first slot, where it is ready and its limiter says so, too."""
        if not self._free or self._free[0].ready_at > now or self._rest_until > now:
            return None
        slot = self._free[0]
        if not slot.limiter.has_capacity():
            slot.ready_at = now + JUDGE_AGAIN
            return None
        self._free.popleft()
        slot.granted_at = now
        if now >= self._group_at + self._spread:
            self._group_at, self._grouped = now, 0
        self._grouped += 1
        return slot


class ChatPace(msgspec.Struct):
    """One chat's pace (GCRA). Times are the monotonic clock's, in seconds."""

    interval: float = CHAT_INTERVAL
    burst: int = CHAT_BURST
    _due: float = float("-inf")

    def ready_at(self) -> float:
        """When the next message may go."""
        return self._due - (self.burst - 1) * self.interval

    def full(self, now: float) -> bool:
        """Whether the whole burst may go: the chat need not be remembered."""
        return self._due <= now

    def answered(self, now: float) -> None:
        """A message went, and its answer came now."""
        self._due = max(self._due, now) + self.interval

    def rest(self, until: float) -> None:
        """Nothing before that moment."""
        self._due = max(self._due, until + (self.burst - 1) * self.interval)


def _enter(limiter: AsyncLimiter) -> None:
    """Enter a call into a limiter that has room for it: its coroutine comes to its end without waiting."""
    try:
        limiter.acquire().send(None)
    except StopIteration:
        return
    raise AssertionError("a limiter that had room for a call has none")
