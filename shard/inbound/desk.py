"""What a handler can do for the person whose update it works through.

Every change is a script known by the update, every word is an envelope known by the update and
its place in the answer: a handler that runs twice does things once. `close` makes the words safe.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from core.domain import envelope as envelopes
from core.domain.conversation import Change, Phase, Standing
from core.domain.envelope import Envelope, Happening, Lane, Notice, Relay, Remove, Unsend
from core.domain.ids import BotId, MessageId, PersonId, UpdateId
from core.service.clock import Clock
from core.service.failpoints import passing
from core.state.redis.conversations import Asker, Conversations, Outcome
from core.state.redis.leases import Lease
from core.state.redis.streams import Append, Source, Streams
from shard.standings import Standings
from shard.telegram import Caller, TelegramError

log = structlog.get_logger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], object]
"""Starts a task that nobody waits for, and that ends with the shard."""


class Counter:
    """What all desks of a shard share. `desk` opens one for an update."""

    def __init__(
        self,
        bot: BotId,
        lease: Lease,
        streams: Streams,
        conversations: Conversations,
        standings: Standings,
        call: Caller,
        clock: Clock,
        spawn: Spawn,
    ) -> None:
        self.bot = bot
        self.lease = lease
        self.streams = streams
        self.conversations = conversations
        self.standings = standings
        self.call = call
        self.clock = clock
        self.spawn = spawn

    def desk(self, person: PersonId, update: UpdateId) -> "Desk":
        """One update's desk."""
        return Desk(self, person, update)


class Desk:
    """One person's update being worked through."""

    def __init__(self, counter: Counter, person: PersonId, update: UpdateId) -> None:
        self._all = counter
        self.person = person
        self.bot = counter.bot
        self.update = update
        self._words: list[Append] = []

    def say(self, key: str, **params: str) -> None:
        """Tell the person something, through the stream like everything else."""
        now = self._now()
        envelope = Envelope(envelopes.VERSION, self.person, Lane.INTERACTIVE, now, Notice(key, params))
        member = f"{self.update}:{len(self._words)}"
        self._words.append(Append(self.bot, member, envelopes.encode(envelope)))

    def put(
        self,
        to: PersonId,
        bot: BotId,
        body: Relay | Notice | Happening | Unsend | Remove,
        *,
        once: str = "",
    ) -> None:
        """An envelope to anybody. `once` names it where more than this update may lead to it."""
        lane = Lane.RELAYED if isinstance(body, Relay) else Lane.INTERACTIVE
        envelope = Envelope(envelopes.VERSION, to, lane, self._now(), body)
        member = once or f"{self.update}:{len(self._words)}"
        self._words.append(Append(bot, member, envelopes.encode(envelope)))

    async def standing(self) -> Standing:
        """Where the person stands, as far as this shard knows."""
        await self._all.standings.load([self.person])
        return self._all.standings.get(self.person) or Standing()

    def wrote_before(self, standing: Standing, message: MessageId) -> bool:
        """Whether the person, when writing that message, did not know yet of the conversation they are in."""
        here = standing.phase is Phase.CHATTING and standing.bot == self.bot
        return here and not self._all.standings.is_meant(self.person, standing.conversation, message)

    async def find(self) -> Outcome:
        """Look for a partner; says so, again where a process before died of saying it."""
        outcome = await self._settle(await self._all.conversations.find(self._asker()))
        standing = outcome.standing
        begun = outcome.changed or (outcome.repeated and standing.asked == self.update)
        if begun and standing.phase is Phase.WAITING and standing.bot == self.bot:
            searching = Happening(Change.SEARCHING, standing)
            self.put(self.person, self.bot, searching, once=f"{self.update}:searching")
        return outcome

    async def leave(self, *, search: bool, partner_told: Change = Change.PARTNER_LEFT) -> Outcome:
        """End the chat or the search, unless it is at another bot, and search again where that is wished."""
        self_told = Change.YOU_LEFT_AND_SEARCH if search else Change.YOU_LEFT
        partner = (await self.standing()).partner
        return await self._settle(
            await self._all.conversations.leave(
                self._asker(), partner, search=search, partner_told=partner_told, self_told=self_told
            )
        )

    async def end(self) -> None:
        """End what the person is in, at any bot; where this update has begun it, nothing is said of that."""
        self._words.clear()
        asker, partner = self._asker()._replace(update=UpdateId(0)), (await self.standing()).partner
        await self._settle(
            await self._all.conversations.leave(asker, partner, anywhere=True, self_told=Change.YOU_LEFT)
        )

    def answer_button(self, query_id: str) -> None:
        """Stop the little clock on the pressed button. A courtesy: nobody waits for it."""
        self._all.spawn(self._answer_button(query_id))

    async def close(self) -> None:
        """Make the words safe. Raises RedisAway, StaleEpoch."""
        source = Source(str(self.bot), self._all.lease.epoch)
        await self._all.streams.append(source, self._words, self._now())

    async def _settle(self, outcome: Outcome) -> Outcome:
        self._all.standings.learn(self.person, outcome.standing)
        passing("mid_end")
        await self._all.conversations.carry(outcome.events, self._now())
        return outcome

    async def _answer_button(self, query_id: str) -> None:
        try:
            await self._all.call("answerCallbackQuery", {"callback_query_id": query_id}, timeout=5)
        except TelegramError as error:
            log.debug("a button was not answered", why=str(error))

    def _asker(self) -> Asker:
        return Asker(self.person, self.bot, self._all.lease.epoch, self.update)

    def _now(self) -> int:
        return round(self._all.clock.wall() * 1000)
