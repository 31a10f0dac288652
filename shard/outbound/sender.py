"""Sends what the lanes hand out, within the budget; what becomes of it then stands in `endings`.

An entry is composed, waits for its slot, and goes to Telegram, each in a task of its own; but most
entries are plain texts, and fly without one (`flights`). One whose file must be uploaded leaves the
room for calls first, so that texts pass it by.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from core.domain.conversation import Change
from core.domain.envelope import Amend, Happening, Lane, React, Relay
from core.domain.errors import RedisAway, StaleEpoch
from core.domain.ids import EntryId
from core.service.bell import Bell
from core.service.clock import Clock
from core.service.failpoints import passing
from core.service.log import innermost
from core.state.redis.leases import Lease
from shard.files import FileTrouble
from shard.outbound import refusals
from shard.outbound.acknowledger import Acknowledger
from shard.outbound.casting import Casting
from shard.outbound.compose import Call
from shard.outbound.crossing import Crossing, source_of
from shard.outbound.endings import PAUSE_SHORTEST, Endings
from shard.outbound.flights import Flights
from shard.outbound.lanes import Item, Lanes
from shard.outbound.media import Media
from shard.outbound.pacing import Budget, Slot
from shard.standings import Standings
from shard.telegram import (
    NotOurs,
    Refused,
    Telegram,
    TelegramAway,
    TelegramError,
    TokenRefused,
    TooManyRequests,
    Unreachable,
)

RETRY_SECONDS = 0.2
AT_ONCE = 64
"""Entries in work at the same time: some on their way to Telegram, some being prepared."""

ASIDE_SECONDS = 0.05
"""How often is looked whether the lease is back."""

_OF_PARTNER = (Relay, Amend, React)
"""What may be shown only in the conversation that it comes from."""

log = structlog.get_logger(__name__)


class _NotNow(Exception):
    """The lease is over: the call is not made."""


class Sender:
    """`run` is the loop."""

    def __init__(
        self,
        telegram: Telegram,
        budget: Budget,
        lease: Lease,
        casting: Casting,
        lanes: Lanes,
        acknowledger: Acknowledger,
        endings: Endings,
        standings: Standings,
        crossing: Crossing,
        media: Media,
        clock: Clock,
        wake: Bell,
    ) -> None:
        self._telegram = telegram
        self._budget = budget
        self._lease = lease
        self._casting = casting
        self._lanes = lanes
        self._acknowledger = acknowledger
        self._endings = endings
        self._standings = standings
        self._crossing = crossing
        self._media = media
        self._clock = clock
        self._wake = wake
        self._flights = Flights(*(telegram, budget, lease, acknowledger, endings, crossing), self)
        self._tasks: asyncio.TaskGroup | None = None
        self._in_work: set[EntryId] = set()
        self._stopping = False

    def stop(self) -> None:
        """Take nothing further out of the lanes."""
        self._stopping = True

    async def drained(self) -> None:
        """Return when nothing is on its way any more."""
        await self._endings.drained()

    async def run(self) -> None:
        """Raises StaleEpoch, TokenRefused (in an exception group)."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                while True:
                    self._wake.clear()
                    pause = self._take_out()
                    timer = None
                    if pause is not None:
                        timer = asyncio.get_running_loop().call_later(pause, self._wake.set)
                    await self._wake.wait()
                    if timer is not None:
                        timer.cancel()
            finally:
                # Flights may still end, and then begin nothing.
                self._tasks = None

    def _take_out(self) -> float | None:
        """Begin with all that may go now; seconds until something else may, None where that is not known."""
        while len(self._in_work) < AT_ONCE:
            if not self._lease.valid() or self._stopping:
                return ASIDE_SECONDS
            now = self._clock.monotonic()
            lowest = self._casting.lowest() if self._lanes.waiting(Lane.BROADCAST) else Lane.BROADCAST
            item = self._lanes.take(now, lowest)
            if item is None:
                next_at = self._lanes.next_at()
                pause = None if next_at is None else max(0.0, next_at - now)
                if lowest is not Lane.BROADCAST:
                    again = self._casting.look_again()
                    pause = again if pause is None else min(pause, again)
                return pause
            self._in_work.add(item.id)
            self._endings.began(item)
            talks = self._is_known_to_talk(item)
            flies = talks or item.envelope.lane is Lane.BROADCAST
            if not (flies and self._flights.begin(item)):
                self._start(item, partial(self._work, item, talks=talks))
        return None

    def leave_room(self, item: Item) -> None:
        """The entry is in work no more: a flight has come to its end, a task, or what a task prepared."""
        if len(self._in_work) == AT_ONCE:
            self._wake.set()
        self._in_work.discard(item.id)

    def missed(self, item: Item, call: Call, slot: Slot) -> None:
        """A flight found no connection that waits for it; it has its slot."""
        self._start(item, partial(self._send, item, [item], call, [(self._budget, slot)]))

    def failed(self, item: Item, call: Call, error: TelegramError) -> None:
        """A flight came to anything but what was wanted."""
        self._start(item, partial(self._failed, item, [item], call, error, began=True))

    def broke(self, item: Item, error: Exception) -> None:
        """A flight broke us."""
        self._start(item, partial(self._put_aside, item, [item], error))

    def _start(self, item: Item, work: Callable[[], Awaitable[None]]) -> None:
        if self._tasks is None:
            return
        guarded = self._guarded(item, work)
        try:
            self._tasks.create_task(guarded)
        except RuntimeError:
            # One of them has ended the group, and `run` has not had its turn yet.
            guarded.close()

    async def _guarded(self, item: Item, work: Callable[[], Awaitable[None]]) -> None:
        parts = self._lanes.parts(item)
        try:
            await work()
        except (StaleEpoch, TokenRefused):
            raise
        except Exception as error:  # noqa: BLE001 an entry that breaks us must not stop all others, again and again
            await self._put_aside(item, parts, error)
        finally:
            self.leave_room(item)

    async def _put_aside(self, item: Item, parts: list[Item], error: Exception) -> None:
        # Neither the error's text nor its stack: they may hold what a person wrote.
        why = f"{type(error).__name__} at {innermost(error)}"
        log.error("an entry is put aside", entry=item.id, why=why)
        await self._endings.put_aside(item, parts, why)

    async def _work(self, item: Item, *, talks: bool) -> None:
        """`talks`: it is known to come from the reader's conversation."""
        parts = self._lanes.parts(item)
        call = await self._prepare(item, parts, talks=talks)
        if call is None:
            return
        if call.needs:
            self.leave_room(item)
            await self._upload(item, parts, call)
        else:
            await self._send(item, parts, call, [])

    async def _prepare(self, item: Item, parts: list[Item], *, talks: bool) -> Call | None:
        """The call; None where the entry has found its end, or waits for another attempt."""
        try:
            if not (talks or await self._may_be_shown(item)):
                await self._endings.not_shown(item, parts)
                return None
            call = await self._crossing.compose(parts)
            if call is None:
                await self._endings.not_shown(item, parts)
                return None
            if not call.needs:
                return call
            source = source_of(item)
            return await self._media.prepare(call, source) if self._media.at_hand(call, source) else call
        except RedisAway:
            self._endings.again(item, RETRY_SECONDS)
            return None

    async def _upload(self, item: Item, parts: list[Item], call: Call) -> None:
        """A call whose files are still to be found, and to be carried over where nothing cheaper works."""
        try:
            call = await self._media.prepare(call, source_of(item))
        except FileTrouble as trouble:
            await self._endings.turn_back(item, parts, trouble.key)
        except TooManyRequests as error:
            self._endings.again(item, error.retry_after)
        except (RedisAway, TelegramAway):
            self._endings.again(item, PAUSE_SHORTEST)
        else:
            await self._send(item, parts, call, [])

    async def _send(
        self, item: Item, parts: list[Item], call: Call, slots: list[tuple[Budget, Slot]]
    ) -> None:
        """`slots`: where it has one already, that; Redis knows then of what has time."""
        entries = [part.id for part in parts]
        has_time = item.envelope.lane is Lane.BROADCAST

        async def gate() -> None:
            if not slots:
                if has_time:
                    await self._acknowledger.announce(entries)
                await self._take(item, call, slots)
            if not self._lease.valid():
                raise _NotNow
            if not has_time:
                self._acknowledger.started(entries)

        try:
            try:
                result = await self._media.send(self._telegram, call, source_of(item), gate)
            finally:
                for budget, slot in slots:
                    budget.answered(slot)
                self._acknowledger.answered(entries)
        except (_NotNow, NotOurs):
            self._endings.again(item, 0)
        except (TelegramError, FileTrouble) as error:
            await self._failed(item, parts, call, error, began=bool(slots))
        else:
            passing("after_send")
            await self._endings.done(item, parts, self._crossing.delivered(parts, result), result)

    async def _failed(
        self, item: Item, parts: list[Item], call: Call, error: TelegramError | FileTrouble, *, began: bool
    ) -> None:
        """`began`: the call had gone out. Raises TokenRefused."""
        match error:
            case TooManyRequests():
                self._endings.rest(item, error.retry_after)
            case TelegramAway():
                self._endings.try_again(item, error, began=began)
            case FileTrouble():
                await self._endings.turn_back(item, parts, error.key)
            case Refused() if not isinstance(error, TokenRefused):
                await self._refused(item, parts, call, error)
            case _:
                raise error

    async def _take(self, item: Item, call: Call, slots: list[tuple[Budget, Slot]]) -> None:
        """As many slots as the call counts for."""
        if call.weight == 1:
            slots.append(await self._casting.slot(item, call))
            return
        many = await self._budget.take_many(item.envelope.lane, call.weight)
        slots.extend((self._budget, slot) for slot in many)

    async def _refused(self, item: Item, parts: list[Item], call: Call, error: Refused) -> None:
        """Telegram said no: try what may help, else tell the sender."""
        body = item.envelope.body
        if self._media.vault_failed(call, error):
            self._endings.again(item, 0)
        elif isinstance(error, Unreachable):
            await self._endings.unreachable(item, parts, error)
        elif refusals.harmless(error, body):
            await self._endings.done(item, parts, [])
        elif (milder := refusals.milder(error, call)) is not None:
            await self._send(item, parts, milder, [])
        elif refusals.strange_file(error) and (notes := self._crossing.forget_files(parts)):
            await self._acknowledger.done(notes=notes)
            self._endings.again(item, 0)
        else:
            await self._endings.refused(item, parts, call, error)

    async def _may_be_shown(self, item: Item) -> bool:
        """What the partner did only in its own conversation; "searching" only while it is still so."""
        body = item.envelope.body
        person = item.envelope.to
        if isinstance(body, _OF_PARTNER):
            return (await self._standings.fresh(person)).talks_in(body.conversation)
        if isinstance(body, Happening):
            known = self._standings.get(person)
            return body.change is not Change.SEARCHING or known is None or known.seq <= body.standing.seq
        return True

    def _is_known_to_talk(self, item: Item) -> bool:
        """Whether it comes from the reader's conversation, as far as this shard knows."""
        person, body = item.envelope.to, item.envelope.body
        if not isinstance(body, _OF_PARTNER):
            return False
        known = self._standings.get(person)
        if known is not None and known.talks_in(body.conversation):
            return True
        return self._lanes.closes(person, body.conversation)
