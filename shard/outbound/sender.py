"""Sends what the lanes hand out, within the budget, and acknowledges what Telegram said yes to.

What becomes of an entry:
- yes from Telegram: acknowledged; the chat is free for its next entry only after that;
- wait (429): the chat rests as told; when a second chat is told so meanwhile, the whole bot rests;
- Telegram away: the same entry again, after a pause (it may be a repeat, which is counted);
- the person cannot be reached: their conversation ends, the partner is told;
- refused for good: the sender is told why, the conversation goes on;
- a file that must be uploaded: outside the room for calls, so that texts pass it by;
- addressed to a conversation that is over: turned back, never shown;
- of a broadcast: as above, but when it goes, and how it is counted, stands in `casting`;
- anything in it that breaks us: put aside to be looked at, so that it stops nobody else.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec
import structlog

from core.domain import envelope as envelopes
from core.domain.conversation import Change, Phase
from core.domain.envelope import Amend, Happening, Lane, React, Relay, Unsend
from core.domain.errors import RedisAway, StaleEpoch
from core.domain.ids import BotId, PersonId, UpdateId
from core.service import metrics
from core.service.clock import Clock
from core.service.failpoints import passing
from core.service.log import innermost
from core.state.redis.conversations import Asker, Conversations
from core.state.redis.leases import Lease
from core.state.redis.poison import PoisonBox
from core.state.redis.streams import Note
from shard.files import FileTrouble
from shard.outbound import refusals
from shard.outbound.bounce import Bouncer, patiently
from shard.outbound.casting import LOOK_AGAIN_SECONDS, Casting
from shard.outbound.compose import Call
from shard.outbound.crossing import Crossing, message_id, source_of
from shard.outbound.inbox import Acknowledger
from shard.outbound.lanes import Item, Lanes
from shard.outbound.media import Media
from shard.outbound.pacing import Budget, Slot
from shard.standings import Standings
from shard.telegram import Refused, Telegram, TelegramAway, TokenRefused, TooManyRequests, Unreachable

RETRY_SECONDS = 0.2
PAUSE_SHORTEST = 0.5
PAUSE_LONGEST = 10.0
AT_ONCE = 64
"""Entries in work at the same time: some on their way to Telegram, some being prepared."""

ASIDE_SECONDS = 0.05
"""How often is looked whether the lease is back."""

log = structlog.get_logger(__name__)


class _NotNow(Exception):
    """The lease is over: the call is not made."""


class Sender:
    """`run` is the loop; each entry is worked on in a task of its own."""

    def __init__(
        self,
        bot: BotId,
        telegram: Telegram,
        budget: Budget,
        lease: Lease,
        poison: PoisonBox,
        casting: Casting,
        lanes: Lanes,
        acknowledger: Acknowledger,
        bouncer: Bouncer,
        standings: Standings,
        conversations: Conversations,
        crossing: Crossing,
        media: Media,
        clock: Clock,
        wake: asyncio.Event,
    ) -> None:
        self._bot = bot
        self._telegram = telegram
        self._budget = budget
        self._lease = lease
        self._poison = poison
        self._casting = casting
        self._lanes = lanes
        self._acknowledger = acknowledger
        self._bouncer = bouncer
        self._standings = standings
        self._conversations = conversations
        self._crossing = crossing
        self._media = media
        self._clock = clock
        self._wake = wake
        self._in_work = 0
        self._many = asyncio.Lock()
        self._resting_until = float("-inf")
        self._resting_chat: PersonId | None = None
        self._failures = 0
        self._stopping = False
        self._under_way = 0
        self._landed = asyncio.Event()

    def stop(self) -> None:
        """Take nothing further out of the lanes."""
        self._stopping = True

    async def drained(self) -> None:
        """Return when nothing is on its way any more."""
        while self._under_way:
            self._landed.clear()
            await self._landed.wait()

    async def run(self) -> None:
        """Raises StaleEpoch, TokenRefused (in an exception group)."""
        async with asyncio.TaskGroup() as work:
            while True:
                self._wake.clear()
                pause = self._take_out(work)
                timer = None
                if pause is not None:
                    timer = asyncio.get_running_loop().call_later(pause, self._wake.set)
                await self._wake.wait()
                if timer is not None:
                    timer.cancel()

    def _take_out(self, work: asyncio.TaskGroup) -> float | None:
        """Begin with all that may go now; seconds until something else may, None where that is not known."""
        while self._in_work < AT_ONCE:
            if not self._lease.valid() or self._stopping:
                return ASIDE_SECONDS
            now = self._clock.monotonic()
            lowest = self._casting.lowest(waiting=self._lanes.waiting(Lane.BROADCAST))
            item = self._lanes.take(now, lowest)
            if item is None:
                next_at = self._lanes.next_at()
                pause = None if next_at is None else max(0.0, next_at - now)
                if lowest is not Lane.BROADCAST:
                    pause = LOOK_AGAIN_SECONDS if pause is None else min(pause, LOOK_AGAIN_SECONDS)
                return pause
            self._in_work += 1
            self._under_way += 1
            self._casting.began(item)
            work.create_task(self._work(item))
        return None

    async def _work(self, item: Item) -> None:
        parts = self._lanes.parts(item)
        uploads = False
        try:
            call = await self._prepare(item, parts)
            if call is None:
                return
            if call.needs:
                uploads = True
                self._leave_room()
                await self._upload(item, parts, call)
            else:
                await self._send(item, parts, call)
        except (StaleEpoch, TokenRefused):
            raise
        except Exception as error:  # noqa: BLE001 an entry that breaks us must not stop all others, again and again
            # Neither the error's text nor its stack: they may hold what a person wrote.
            why = f"{type(error).__name__} at {innermost(error)}"
            log.error("an entry is put aside", entry=item.id, why=why)
            await self._put_aside(item, parts, why)
        finally:
            if not uploads:
                self._leave_room()

    def _leave_room(self) -> None:
        self._in_work -= 1
        self._wake.set()

    def _land(self, item: Item) -> None:
        """The entry is on its way no more: it is finished, or back in its lane."""
        self._under_way -= 1
        self._casting.ended(item)
        self._landed.set()
        self._wake.set()

    def _again(self, item: Item, wait: float, *, went: bool = False) -> None:
        self._lanes.again(item, self._clock.monotonic(), wait, went=went)
        self._land(item)

    async def _prepare(self, item: Item, parts: list[Item]) -> Call | None:
        """The call; None where the entry has found its end, or waits for another attempt."""
        try:
            if not await self._may_be_shown(item):
                await self._not_shown(item, parts)
                return None
            call = await self._crossing.compose(parts)
            if call is None:
                await self._not_shown(item, parts)
                return None
            if not call.needs:
                return call
            source = source_of(item)
            return await self._media.prepare(call, source) if self._media.at_hand(call, source) else call
        except RedisAway:
            self._again(item, RETRY_SECONDS)
            return None

    async def _upload(self, item: Item, parts: list[Item], call: Call) -> None:
        """A call whose files are still to be found, and to be carried over where nothing cheaper works."""
        try:
            call = await self._media.prepare(call, source_of(item))
        except FileTrouble as trouble:
            await self._turn_back(item, parts, trouble.key)
        except TooManyRequests as error:
            self._again(item, error.retry_after)
        except (RedisAway, TelegramAway):
            self._again(item, PAUSE_SHORTEST)
        else:
            await self._send(item, parts, call)

    async def _send(self, item: Item, parts: list[Item], call: Call) -> None:
        slots: list[tuple[Budget, Slot]] = []

        async def gate() -> None:
            await self._take(item, call, slots)
            if not self._lease.valid():
                raise _NotNow
            self._acknowledger.started([part.id for part in parts])
            self._opened(item)

        try:
            try:
                result = await self._media.send(self._telegram, call, source_of(item), gate)
            finally:
                for budget, slot in slots:
                    await budget.answered(slot)
                self._acknowledger.answered([part.id for part in parts])
        except _NotNow:
            self._again(item, 0)
        except TooManyRequests as error:
            self._rest(item, error.retry_after)
        except TelegramAway as error:
            self._try_again(item, error, began=bool(slots))
        except TokenRefused:
            raise
        except Refused as error:
            await self._refused(item, parts, call, error)
        except FileTrouble as trouble:
            await self._turn_back(item, parts, trouble.key)
        else:
            passing("after_send")
            self._failures = 0
            self._opened(item, result)
            await self._done(item, parts, self._crossing.delivered(parts, result))

    def _opened(self, item: Item, result: msgspec.Raw | None = None) -> None:
        """The person knows of the conversation now, or will never be told better."""
        body = item.envelope.body
        if isinstance(body, Happening) and body.change is Change.MATCHED:
            words = message_id(result) if result is not None else 0
            self._standings.opened(item.envelope.to, body.standing.conversation, words)

    async def _take(self, item: Item, call: Call, slots: list[tuple[Budget, Slot]]) -> None:
        """As many slots as the call counts for.

        One album at a time gathers its own: two could wait for each other for ever.
        """
        if call.weight == 1:
            slots.append(await self._casting.slot(item, call))
            return
        async with self._many:
            while len(slots) < call.weight:
                slots.append((self._budget, await self._budget.take(item.envelope.lane)))

    async def _done(self, item: Item, parts: list[Item], notes: list[Note]) -> None:
        if isinstance(item.envelope.body, Unsend):
            await self._bouncer.taken_back(item)
        counts = refusals.is_message(item.envelope.body)
        if counts and item.envelope.lane is not Lane.BROADCAST:
            metrics.MESSAGES_OUT.inc(len(parts))
            metrics.DELIVERY_SECONDS.observe(max(0.0, self._clock.wall() - item.envelope.at / 1000))
        self._finish(item, parts, sent=counts, notes=notes)

    async def _refused(self, item: Item, parts: list[Item], call: Call, error: Refused) -> None:
        """Telegram said no: try what may help, else tell the sender."""
        body = item.envelope.body
        if self._media.vault_failed(call, error):
            self._again(item, 0)
        elif isinstance(error, Unreachable):
            await self._unreachable(item, parts, error)
        elif refusals.harmless(error, body):
            await self._done(item, parts, [])
        elif (milder := refusals.milder(error, call)) is not None:
            await self._send(item, parts, milder)
        elif refusals.strange_file(error) and (notes := self._crossing.forget_files(parts)):
            await self._acknowledger.done(notes=notes)
            self._again(item, 0)
        else:
            await self._refused_for_good(item, parts, call, error)

    async def _refused_for_good(self, item: Item, parts: list[Item], call: Call, error: Refused) -> None:
        log.warning("Telegram refused a message", method=call.method, code=error.code, why=error.plain)
        metrics.REFUSED.inc()
        await self._turn_back(item, parts, refusals.words_for(error, item.envelope.body))

    async def _not_shown(self, item: Item, parts: list[Item]) -> None:
        """Not to be shown, or about a message that never was."""
        body = item.envelope.body
        if isinstance(body, Relay):
            await self._turn_back(item, parts, "not_delivered_over")
        elif isinstance(body, Unsend):
            await self._turn_back(item, parts, "unsend_gone")
        else:
            self._finish(item, parts, sent=False)

    async def _may_be_shown(self, item: Item) -> bool:
        """A relayed message only in its own conversation; "searching" only while it is still so."""
        body = item.envelope.body
        person = item.envelope.to
        if isinstance(body, Relay | Amend | React):
            known = self._standings.get(person)
            if known is not None and known.talks_in(body.conversation):
                return True
            if self._lanes.closes(person, body.conversation):
                return True
            return (await self._standings.fresh(person)).talks_in(body.conversation)
        if isinstance(body, Happening):
            known = self._standings.get(person)
            return body.change is not Change.SEARCHING or known is None or known.seq <= body.standing.seq
        return True

    def _rest(self, item: Item, retry_after: float) -> None:
        metrics.TOO_MANY.inc()
        now = self._clock.monotonic()
        if now < self._resting_until and self._resting_chat != item.envelope.to:
            self._budget.rest(retry_after)
        self._resting_until = max(self._resting_until, now + retry_after)
        self._resting_chat = item.envelope.to
        self._again(item, retry_after)

    def _try_again(self, item: Item, error: TelegramAway, *, began: bool) -> None:
        went = error.reached and began
        metrics.REPEATS.inc(went)
        pause = min(PAUSE_LONGEST, PAUSE_SHORTEST * 2 ** min(self._failures, 6))
        self._failures += 1
        log.warning("sending failed, trying again", why=str(error), pause=pause)
        self._again(item, pause, went=went)

    async def _unreachable(self, item: Item, parts: list[Item], error: Unreachable) -> None:
        """The recipient has blocked the bot or is gone: the conversation ends, the partner hears of it."""
        person = item.envelope.to
        metrics.UNREACHABLE.inc()

        async def end() -> None:
            standing = await self._standings.fresh(person)
            if standing.phase is not Phase.IDLE and standing.bot == self._bot:
                asker = Asker(person, self._bot, self._lease.epoch, UpdateId(0))
                outcome = await self._conversations.leave(
                    asker, standing.partner, partner_told=Change.PARTNER_UNREACHABLE
                )
                await self._conversations.carry(outcome.events, round(self._clock.wall() * 1000))

        await patiently(end)
        log.info("a person cannot be reached", code=error.code, why=error.plain)
        self._casting.unreachable(item, error)
        self._finish(item, parts, sent=False)

    async def _put_aside(self, item: Item, parts: list[Item], why: str) -> None:
        if item.envelope.lane is Lane.BROADCAST:
            # Nothing to be kept of it: the content is in PostgreSQL, and it has to be counted.
            self._finish(item, parts, sent=False)
            return
        metrics.POISON.inc(len(parts))
        for part in parts:
            content = envelopes.encode(part.envelope)
            await patiently(partial(self._poison.take_out, self._lease.epoch, part.id, content, why))
        self._lanes.done(item, self._clock.monotonic(), sent=False)
        self._land(item)

    async def _turn_back(self, item: Item, parts: list[Item], key: str) -> None:
        for part in refusals.told_about(parts, key):
            await self._bouncer.turn_back(part, key)
        self._finish(item, parts, sent=False)

    def _finish(self, item: Item, parts: list[Item], *, sent: bool, notes: Sequence[Note] = ()) -> None:
        """The chat goes on when the entry is out of the stream for good; nobody needs to wait for that."""
        answered = self._clock.monotonic()
        self._opened(item)

        def settled() -> None:
            self._lanes.done(item, answered, sent=sent)
            self._land(item)

        counted = self._casting.note(item, sent=sent)
        done = [] if counted else [part.id for part in parts]
        self._acknowledger.settle(done, [*notes, *counted], settled)
