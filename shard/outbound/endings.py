"""What becomes of an entry whose call has ended, or that is not sent at all.

- yes from Telegram: acknowledged; the chat is free for its next entry only after that;
- wait (429): the chat rests as told; when a second chat is told so meanwhile, the whole bot rests;
- Telegram away: the same entry again, after a pause (it may be a repeat, which is counted);
- the person cannot be reached: their conversation ends, the partner is told;
- refused for good: the sender is told why, the conversation goes on;
- addressed to a conversation that is over: turned back, never shown;
- of a broadcast: as above, but how it is counted stands in `casting`;
- anything in it that breaks us: put aside to be looked at, so that it stops nobody else.

Each entry that was begun comes to exactly one end here: `again`, or out of the stream.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec
import structlog

from core.domain import envelope as envelopes
from core.domain.conversation import Change, Phase
from core.domain.envelope import TOO_EARLY, Cast, Happening, Lane, Notice, Relay, Unsend
from core.domain.ids import BotId, ConversationId, MessageId, PersonId, UpdateId
from core.service import metrics
from core.service.bell import Bell
from core.service.clock import Clock
from core.service.seldom import Seldom
from core.state.redis.conversations import Asker, Conversations
from core.state.redis.leases import Lease
from core.state.redis.poison import PoisonBox
from core.state.redis.streams import Note
from shard.outbound import refusals
from shard.outbound.acknowledger import Acknowledger
from shard.outbound.bounce import Bouncer, patiently
from shard.outbound.casting import Casting
from shard.outbound.compose import Call
from shard.outbound.crossing import message_id
from shard.outbound.lanes import Item, Lanes
from shard.outbound.pacing import Budget
from shard.standings import Standings
from shard.telegram import Refused, TelegramAway, Unreachable

PAUSE_SHORTEST = 0.5
PAUSE_LONGEST = 10.0

_OWN_WORDS = (Happening, Notice)
"""What may tell a person of their conversation."""

log = structlog.get_logger(__name__)


class Endings:
    """Shared with the sender's loop: `wake` is set when an entry has come to its end."""

    def __init__(
        self,
        bot: BotId,
        budget: Budget,
        lease: Lease,
        poison: PoisonBox,
        casting: Casting,
        lanes: Lanes,
        acknowledger: Acknowledger,
        bouncer: Bouncer,
        standings: Standings,
        conversations: Conversations,
        clock: Clock,
        wake: Bell,
    ) -> None:
        self._bot = bot
        self._budget = budget
        self._lease = lease
        self._poison = poison
        self._casting = casting
        self._lanes = lanes
        self._acknowledger = acknowledger
        self._bouncer = bouncer
        self._standings = standings
        self._conversations = conversations
        self._clock = clock
        self._wake = wake
        self._resting_until = float("-inf")
        self._resting_chat: PersonId | None = None
        self._failures = 0
        self._failing = Seldom(clock)
        self._under_way = 0
        self._landed = asyncio.Event()

    def began(self, item: Item) -> None:
        """The entry was taken out of its lane: it is under way."""
        self._under_way += 1
        if item.envelope.lane is Lane.BROADCAST:
            self._casting.began()

    async def drained(self) -> None:
        """Return when nothing is under way any more."""
        while self._under_way:
            self._landed.clear()
            await self._landed.wait()

    def again(self, item: Item, wait: float, *, went: bool = False) -> None:
        """It stays first of its chat, which rests for `wait` seconds; `went`: it may count for its limit."""
        self._ended(item)
        self._lanes.again(item, self._clock.monotonic(), wait, went=went)
        self._land()

    def finish(
        self,
        item: Item,
        parts: list[Item],
        *,
        sent: bool,
        notes: Sequence[Note] = (),
        result: msgspec.Raw | None = None,
    ) -> None:
        """The chat goes on when the entry is out of the stream for good; nobody needs to wait for that."""
        self._ended(item)
        body = item.envelope.body
        if isinstance(body, _OWN_WORDS):
            notes = [*notes, *self._told(item, result)]
        settled = partial(self._settled, item, self._clock.monotonic(), sent=sent)
        if isinstance(body, Cast) and body.broadcast:
            # What counts it takes it out of the stream, too.
            notes = [*notes, self._casting.tally(item, body, sent=sent)]
            self._acknowledger.settle_later(notes, settled)
        else:
            self._acknowledger.settle([part.id for part in parts], notes, settled)

    def _settled(self, item: Item, answered: float, *, sent: bool) -> None:
        """It is out of the stream; its call was answered at that time."""
        self._lanes.done(item, answered, sent=sent)
        self._land()

    async def done(
        self, item: Item, parts: list[Item], notes: list[Note], result: msgspec.Raw | None = None
    ) -> None:
        """Telegram said yes (no result: nothing had to change); `notes` go with the acknowledgement."""
        if isinstance(item.envelope.body, Unsend):
            await self._bouncer.taken_back(item)
        self.shown(item, parts, notes, result)

    def shown(
        self, item: Item, parts: list[Item], notes: list[Note], result: msgspec.Raw | None = None
    ) -> None:
        """As `done`, for what nobody else is told of."""
        self._failures = 0
        counts = refusals.is_message(item.envelope.body)
        if counts and item.envelope.lane is not Lane.BROADCAST:
            metrics.MESSAGES_OUT.inc(len(parts))
            metrics.DELIVERY_SECONDS.observe(max(0.0, self._clock.wall() - item.envelope.at / 1000))
        self.finish(item, parts, sent=counts, notes=notes, result=result)

    async def not_shown(self, item: Item, parts: list[Item]) -> None:
        """Not to be shown, or about a message that never was."""
        body = item.envelope.body
        if isinstance(body, Relay):
            await self.turn_back(item, parts, "not_delivered_over")
        elif isinstance(body, Unsend):
            await self.turn_back(item, parts, "unsend_gone")
        else:
            self.finish(item, parts, sent=False)

    async def turn_back(self, item: Item, parts: list[Item], key: str) -> None:
        """Its sender is told why, in the words of that text key."""
        for part in refusals.told_about(parts, key):
            await self._bouncer.turn_back(part, key)
        self.finish(item, parts, sent=False)

    def rest(self, item: Item, retry_after: float) -> None:
        """Telegram asks to wait (429)."""
        metrics.TOO_MANY.inc()
        now = self._clock.monotonic()
        if now < self._resting_until and self._resting_chat != item.envelope.to:
            self._budget.rest(retry_after)
        self._resting_until = max(self._resting_until, now + retry_after)
        self._resting_chat = item.envelope.to
        self.again(item, retry_after)

    def try_again(self, item: Item, error: TelegramAway, *, began: bool) -> None:
        """Telegram did not answer as it should; `began`: the call had gone out."""
        metrics.REPEATS.inc(error.reached and began)
        pause = min(PAUSE_LONGEST, PAUSE_SHORTEST * 2 ** min(self._failures, 6))
        self._failures += 1
        if times := self._failing.times():
            log.warning("sending failed, trying again", why=str(error), pause=pause, times=times)
        self.again(item, pause, went=error.arrived and began)

    async def unreachable(self, item: Item, parts: list[Item], error: Unreachable) -> None:
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
        self.finish(item, parts, sent=False)

    async def refused(self, item: Item, parts: list[Item], call: Call, error: Refused) -> None:
        """Telegram refuses for good."""
        log.warning("Telegram refused a message", method=call.method, code=error.code, why=error.plain)
        metrics.REFUSED.inc()
        await self.turn_back(item, parts, refusals.words_for(error, item.envelope.body))

    async def put_aside(self, item: Item, parts: list[Item], why: str) -> None:
        """It broke us: out of the stream, to be looked at."""
        if item.envelope.lane is Lane.BROADCAST:
            # Nothing to be kept of it: the content is in PostgreSQL, and it has to be counted.
            self.finish(item, parts, sent=False)
            return
        metrics.POISON.inc(len(parts))
        for part in parts:
            content = envelopes.encode(part.envelope)
            await patiently(partial(self._poison.take_out, self._lease.epoch, part.id, content, why))
        self._lanes.done(item, self._clock.monotonic(), sent=False)
        self._land()

    def _told(self, item: Item, result: msgspec.Raw | None) -> list[Note]:
        """The person knows of the conversation by that message, or is never told better; what is kept."""
        person, body = item.envelope.to, item.envelope.body
        if isinstance(body, Happening) and body.change.opens and body.standing.phase is Phase.CHATTING:
            conversation = body.standing.conversation
            if result is None:
                # Telegram would not have it: what they write next is answered with words that tell of it.
                return []
        elif isinstance(body, Notice) and body.key == TOO_EARLY:
            # These words tell of it, too; nothing else may be left that does.
            conversation = ConversationId(int(body.params.get("conversation", 0)))
            if not self._standings.is_untold(person, conversation):
                return []
        else:
            return []
        words = message_id(result) if result is not None else MessageId(0)
        self._standings.opened(person, conversation, words)
        return [self._conversations.told(person, self._bot, conversation, words)]

    def _ended(self, item: Item) -> None:
        """Its call, if it came to one, has ended."""
        if item.envelope.lane is Lane.BROADCAST and self._casting.ended():
            self._wake.set()

    def _land(self) -> None:
        """The entry is on its way no more: it is finished, or back in its lane."""
        self._under_way -= 1
        if not self._under_way:
            self._landed.set()
        if self._lanes.size:
            self._wake.set()
