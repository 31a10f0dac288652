"""What is done leaves the stream, and what is on its way is marked: in as few words to Redis as may be."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from core.domain.errors import RedisAway, RedisFull
from core.domain.ids import EntryId
from core.service.bell import Bell
from core.service.failpoints import passing
from core.service.outages import Outages
from core.state.redis.leases import Lease
from core.state.redis.streams import Inbox, Note

RETRY_SECONDS = 0.2
GATHER_SECONDS = 0.01
"""How long a word to Redis waits for others while calls are under way: what begins together ends together."""
LATER_SECONDS = 0.2
"""How long what has time waits for something else to be settled."""

NOTES_KEPT = 10_000
"""Notes that wait until Redis has room again; without one, a reply comes without what it replies to."""


class Acknowledger:
    """Tells Redis what is done and what is on its way, as much as has gathered in one call."""

    def __init__(self, inbox: Inbox, lease: Lease, outages: Outages, lately: deque[EntryId]) -> None:
        """`lately` gathers what is done, for the time when Redis may have forgotten it."""
        self._inbox = inbox
        self._lately = lately
        self._lease = lease
        self._outages = outages
        self._under_way: set[EntryId] = set()
        self._with_time: set[EntryId] = set()
        """Of those, what was announced."""
        self._settled: list[EntryId] = []
        self._after: list[Callable[[], None]] = []
        self._notes: list[Note] = []
        self._later: list[tuple[Sequence[Note], Callable[[], None]]] = []
        self._later_at = 0.0
        self._started: list[EntryId] = []
        self._wake = Bell()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        """When it is due. It cannot be asked: within half a millisecond uvloop makes no timer of it."""

    def started(self, entries: Sequence[EntryId]) -> None:
        """These entries go to Telegram now: if we die, they may be repeated, and are counted."""
        self._started.extend(entries)
        self._under_way.update(entries)
        self._tell(self._under_way)

    async def announce(self, entries: Sequence[EntryId]) -> None:
        """As `started`; returns when Redis knows. For what has time: so no repeat goes uncounted."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.announced(entries, partial(_known, future))
        self._wake.set()
        await future

    def announced(self, entries: Sequence[EntryId], then: Callable[[], None]) -> None:
        """As `announce`; calls `then` when Redis knows. What others will have settled soon takes it along."""
        self._after.append(then)
        self._started.extend(entries)
        self._tell(self._under_way - self._with_time)
        self._under_way.update(entries)
        self._with_time.update(entries)

    def answered(self, entries: Sequence[EntryId]) -> None:
        """Their call has ended, in whatever way; what was not told yet need not be told any more."""
        self._under_way.difference_update(entries)
        self._with_time.difference_update(entries)

    def settle(self, entries: Sequence[EntryId], notes: Sequence[Note], after: Callable[[], None]) -> None:
        """Call `after` when the entries are out of the stream for good; `notes` are kept with that."""
        self._settled.extend(entries)
        self._lately.extend(entries)
        self._notes.extend(notes)
        self._after.append(after)
        self._tell(self._under_way)

    def settle_later(self, notes: Sequence[Note], after: Callable[[], None]) -> None:
        """As `settle`, with what else is settled; one of these notes takes the entry out.

        Redis does nothing else while it writes to its disk: what has time needs no write of its own.
        """
        if not self._later:
            self._later_at = asyncio.get_running_loop().time() + LATER_SECONDS
            self._wake_at(self._later_at)
        self._later.append((notes, after))

    async def done(self, *entries: EntryId, notes: Sequence[Note] = ()) -> None:
        """As `settle`; returns then."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.settle(entries, notes, partial(_known, future))
        await future

    async def run(self) -> None:
        """Raises StaleEpoch. While Redis is away what has gathered is kept."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            settled, self._settled = self._settled, []
            after, self._after = self._after, []
            begun, self._started = self._started, []
            started = [entry for entry in begun if entry in self._under_way]
            notes, self._notes = self._notes, []
            self._add_later(after, notes, together=bool(settled or notes))
            if not (after or started or notes):
                continue
            if settled:
                passing("before_acknowledge")
            while True:
                try:
                    await self._inbox.settle(self._lease.epoch, settled, started, notes)
                    break
                except RedisFull as error:
                    # It still deletes: what waits in it goes out, so that it has room again.
                    self._outages.away(error)
                    self._notes = [*notes, *self._notes][-NOTES_KEPT:]
                    if not settled:
                        break
                    if not (notes or started):
                        await asyncio.sleep(RETRY_SECONDS)
                    notes, started = [], []
                except RedisAway as error:
                    self._outages.away(error)
                    await asyncio.sleep(RETRY_SECONDS)
            for call in after:
                call()

    def _tell(self, under_way: set[EntryId]) -> None:
        """Soon; at once where none of these calls is under way, so that there is nothing to wait for."""
        if not under_way:
            self._wake.set()
        else:
            self._wake_at(asyncio.get_running_loop().time() + GATHER_SECONDS)

    def _wake_at(self, due: float) -> None:
        if self._timer is not None:
            if self._timer_at <= due:
                return
            self._timer.cancel()
        self._timer_at = due
        self._timer = asyncio.get_running_loop().call_at(due, self._wake.set)

    def _add_later(self, after: list[Callable[[], None]], notes: list[Note], *, together: bool) -> None:
        """What had time, where something else is written, or its time is over."""
        if not self._later:
            return
        if not together and asyncio.get_running_loop().time() < self._later_at:
            self._wake_at(self._later_at)
            return
        for some, call in self._later:
            notes += some
            after.append(call)
        self._later = []


def _known(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
