"""A batch of updates becomes safe in Redis: relayed messages in one append, the rest by handlers.

Per person the order of the updates is the order of the work. People whose updates of this batch
are all messages to their partner share one append for all; the others each have a chain of their
own, so that a slow command holds up nobody else. `take_in` returns when all of it is safe; while
Redis is away it repeats, and everything it repeats is known by its update.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeGuard

import msgspec
import structlog

from core.domain import envelope as envelopes
from core.domain.content import Contact, Content, Media
from core.domain.conversation import Phase, Standing
from core.domain.envelope import TOO_EARLY, Amend, Envelope, Lane, Notice, React, Relay
from core.domain.errors import UNDECODABLE, RedisAway
from core.domain.ids import BotId, MessageId, PersonId, UpdateId
from core.domain.moving import turned_back
from core.service import metrics
from core.service.clock import Clock
from core.service.failpoints import passing
from core.state.redis.agreements import Agreements
from core.state.redis.leases import Lease
from core.state.redis.message_map import MessageMap
from core.state.redis.poison import PoisonBox, wordless
from core.state.redis.streams import Append, InboxFull, Source, Streams
from shard.cleaning import Care, care_of
from shard.inbound import kinds
from shard.inbound.manners import Manners
from shard.inbound.relay import amend, content_of, react, relay
from shard.inbound.updates import Message, Reacted, Update, bare_updates, updates
from shard.standings import Standings

RETRY_SECONDS = 0.2

log = structlog.get_logger(__name__)

WASTE_BASKET = "🗑"

_Taken = tuple[Update, msgspec.Raw]

Handler = Callable[[Update, msgspec.Raw], Awaitable[None]]
"""Works through a command, a button or a membership change; safe and repeatable."""


class _Batch(msgspec.Struct):
    """Updates that came together, by person; `alone` work through theirs in chains of their own."""

    chains: dict[PersonId, list[_Taken]] = {}
    alone: set[PersonId] = set()
    with_files: set[PersonId] = set()
    unreadable: list[Append] = []
    aside: list[tuple[bytes, str]] = []


class Intake:
    """What inbound does with updates, wherever they come from (poll or webhook)."""

    def __init__(
        self,
        bot: BotId,
        lease: Lease,
        streams: Streams,
        standings: Standings,
        messages: MessageMap,
        clock: Clock,
        handle: Handler,
        poison: PoisonBox,
        agreements: Agreements,
        *,
        in_order: bool = True,
    ) -> None:
        """`in_order`: all updates of a person come in order, so that an older one can only be a repeat."""
        self._bot = bot
        self._lease = lease
        self._streams = streams
        self._standings = standings
        self._messages = messages
        self._clock = clock
        self._handle = handle
        self._poison = poison
        self._in_order = in_order
        self._agreements = agreements
        self._manners = Manners()
        # Of their own: who has written too fast may still stop.
        self._asking = Manners()
        self._messages_in = 0
        """Of which the metric has not heard yet; it hears once a batch."""
        self.passed_over = 0
        """Updates so far of people who were too fast, with which nothing was done."""

    async def take_in(self, raw: Sequence[msgspec.Raw]) -> None:
        """Return when everything that follows from these updates is safe. Raises StaleEpoch."""
        batch = self._read_all(raw)
        while True:
            # Nothing is done without a valid lease: another may own the token.
            if not self._lease.valid():
                await self._lease.until_valid()
            try:
                await self._work(batch)
            except* RedisAway as errors:
                log.warning("nothing is confirmed until Redis is back", why=str(errors.exceptions[0]))
            else:
                break
            await asyncio.sleep(RETRY_SECONDS)
        metrics.MESSAGES_IN.inc(self._messages_in)
        self._messages_in = 0
        for content, why in batch.aside:
            await self.put_aside(content, why)

    async def put_aside(self, content: bytes, why: str) -> None:
        """Count what could not be read, and keep it to be looked at where Redis is there."""
        metrics.UPDATES_UNREADABLE.inc()
        log.warning("an update could not be read and is passed over", why=wordless(why), size=len(content))
        try:
            await self._poison.keep(content, why)
        except RedisAway as error:
            log.warning("it could not be kept to be looked at", why=str(error))

    def _read_all(self, raw: Sequence[msgspec.Raw]) -> _Batch:
        batch = _Batch()
        for one in raw:
            update = self._read(one, batch.aside)
            if update is None:
                batch.unreadable.extend(self._tell_of_unreadable(one))
            elif (person := update.person()) is not None:
                batch.chains.setdefault(person, []).append((update, one))
                if not is_for_partner(update):
                    batch.alone.add(person)
                message = update.message or update.edited_message
                if message is not None and message.document is not None:
                    batch.with_files.add(person)
        for chain in batch.chains.values():
            if len(chain) > 1:
                # Telegram's order is the numbers', whatever the batch looks like.
                chain.sort(key=_number)
        return batch

    async def _work(self, batch: _Batch) -> None:
        chains, alone = batch.chains, batch.alone
        await self._look_up(chains, {person: chains[person] for person in batch.with_files})
        together: list[Append | None] = list(batch.unreadable)
        for person, chain in chains.items():
            if person not in alone:
                together.extend([self._to_partner(person, taken) for taken in chain])
        if not alone:
            await self._append(together)
            return
        # A group, so that nothing of a failed attempt is still under way when the next one begins.
        async with asyncio.TaskGroup() as work:
            work.create_task(self._append(together))
            for person in alone:
                work.create_task(self._chain(person, chains[person]))

    async def _chain(self, person: PersonId, chain: list[_Taken]) -> None:
        for taken in chain:
            update, raw = taken
            if is_for_partner(update):
                await self._look_up([person], {person: [taken]})
                await self._append([self._to_partner(person, taken)])
            elif self._may_ask(person, update):
                await self._handle(update, raw)
            else:
                await self._append([self._asked_too_much(person, update)])

    async def _look_up(self, people: Collection[PersonId], files: Mapping[PersonId, list[_Taken]]) -> None:
        """What these people's updates are judged by; `files` are of those who sent some. Raises RedisAway."""
        await self._standings.load(people)
        # Whoever sends a file that needs it may have agreed to that before; nobody else costs anything.
        asking = [person for person, chain in files.items() if any(map(_asks, chain))]
        if asking:
            standings = (self._standings.get(person) for person in asking)
            await self._agreements.load([standing for standing in standings if standing is not None])
            # Meanwhile others may have been forgotten.
            await self._standings.load(people)

    async def _append(self, following: list[Append | None]) -> None:
        appends = [append for append in following if append is not None]
        try:
            new = await self._streams.append(self._source(), appends, self._now())
            metrics.APPENDED.inc(new)
        except InboxFull as full:
            await self._streams.append(self._source(), self._too_much(full.refused), self._now())
        passing("after_append")

    def _too_much(self, refused: Sequence[Append]) -> list[Append]:
        """Their writers are told, now and then, that the partner's bot takes no more just now."""
        metrics.INBOX_FULL.inc(len(refused))
        answers = []
        for one in refused:
            answer = turned_back(envelopes.decode(one.payload), "too_much_waiting", self._now())
            if answer is not None and self._manners.remind(answer[1].to, self._clock.monotonic()):
                answers.append(Append(self._bot, one.member, envelopes.encode(answer[1])))
        return answers

    def _to_partner(self, person: PersonId, taken: _Taken) -> Append | None:
        """What follows from an update that is no command: to the partner, or back to the sender in words."""
        update, raw = taken
        standing = self._standings.get(person) or Standing()
        if standing.bot == self._bot and standing.comes_after(update.update_id):
            # Its conversation may be over. Whoever the partner is now, it is not theirs.
            return self._came_late(person, update)
        # As it was written: what Telegram kept through an outage comes all at once.
        if not self._manners.allows(person, update.update_id, update.written or self._clock.wall()):
            return self._too_fast(person, update)
        if update.message is not None:
            return self._message(person, standing, update.update_id, update.message, raw)
        if standing.phase is not Phase.CHATTING or standing.bot != self._bot:
            return None
        body: Amend | React | None = None
        if update.edited_message is not None:
            content = self._content(standing, update.edited_message)
            if content is not None:
                body = amend(update.edited_message, content, person, standing, self._bot)
        elif update.message_reaction is not None:
            body = self._reaction(person, standing, update.message_reaction)
        return None if body is None else self._sealed(standing, update.update_id, body)

    def _came_late(self, person: PersonId, update: Update) -> Append | None:
        """It was written before a command that was worked through already."""
        if self._in_order or update.message is None:
            # It comes again after a death: it was appended before the command was worked through.
            return None
        return self._answer(person, update.update_id, "not_delivered_over", update.message.message_id)

    def _may_ask(self, person: PersonId, update: Update) -> bool:
        """Whether this command or button is worked through; that a bot was blocked always is."""
        if update.my_chat_member is not None:
            return True
        return self._asking.allows(person, update.update_id, self._clock.monotonic())

    def _asked_too_much(self, person: PersonId, update: Update) -> Append | None:
        """It is passed over, and now and then the person is told so."""
        metrics.TOO_MUCH_ASKED.inc()
        self.passed_over += 1
        if not self._asking.remind(person, self._clock.monotonic()):
            return None
        about = update.message.message_id if update.message is not None else None
        return self._answer(person, update.update_id, "slow_down_asking", about)

    def _too_fast(self, person: PersonId, update: Update) -> Append | None:
        """Nothing goes, and now and then the person is told so."""
        metrics.TOO_FAST.inc()
        self.passed_over += 1
        if update.message is None or not self._manners.remind(person, self._clock.monotonic()):
            return None
        return self._answer(person, update.update_id, "slow_down", update.message.message_id)

    def _message(
        self, person: PersonId, standing: Standing, update: UpdateId, message: Message, raw: msgspec.Raw
    ) -> Append:
        self._messages_in += 1
        why = self._cannot_go(standing)
        if why is not None:
            return self._answer(person, update, why, message.message_id)
        about = {"conversation": str(standing.conversation)}
        if not self._standings.is_meant(person, standing.conversation, message.message_id):
            return self._answer(person, update, TOO_EARLY, message.message_id, about)
        content = self._content(standing, message)
        if content is None:
            kind = kinds.kind_of(raw)
            metrics.CANNOT_CROSS.labels(kinds.counted_as(kind)).inc()
            return self._answer(person, update, kinds.words_for(kind), message.message_id)
        if isinstance(content, Contact):
            # It reveals a number: the button under these words sends it, the contact is what they reply to.
            return self._answer(person, update, "contact_ask", message.message_id, about)
        return self._sealed(standing, update, self._relay(person, standing, message, content))

    def _content(self, standing: Standing, message: Message) -> Content | None:
        content = content_of(message)
        if _asked_about(content) and self._agreements.given(standing):
            return msgspec.structs.replace(content, as_is=True)
        return content

    def _relay(self, person: PersonId, standing: Standing, message: Message, content: Content) -> Relay:
        body = relay(message, content, person, standing, self._bot)
        if body.reply_to is None:
            return body
        there = self._messages.peek(standing.thread, standing.side, body.reply_to)
        return msgspec.structs.replace(body, reply_there=there)

    def _reaction(self, person: PersonId, standing: Standing, reacted: Reacted) -> React:
        there = self._messages.peek(standing.thread, standing.side, reacted.message_id)
        return react(reacted, person, standing, self._bot, there)

    def _sealed(self, standing: Standing, update: UpdateId, body: Relay | Amend | React) -> Append:
        sealed = Envelope(envelopes.VERSION, standing.partner, Lane.RELAYED, self._now(), body)
        return Append(standing.partner_bot, str(update), envelopes.encode(sealed), may_wait=True)

    def _cannot_go(self, standing: Standing) -> str | None:
        """The text key that says why a message has nowhere to go; None where it may go."""
        if standing.phase is Phase.IDLE:
            return "not_in_chat"
        if standing.bot != self._bot:
            return "chat_is_elsewhere"
        return "still_searching" if standing.phase is Phase.WAITING else None

    def _answer(
        self,
        person: PersonId,
        update: UpdateId,
        key: str,
        message: MessageId | None,
        params: dict[str, str] | None = None,
    ) -> Append:
        sealed = Envelope(
            *(envelopes.VERSION, person, Lane.INTERACTIVE, self._now()), Notice(key, params or {}, message)
        )
        return Append(self._bot, str(update), envelopes.encode(sealed))

    def _tell_of_unreadable(self, raw: msgspec.Raw) -> list[Append]:
        """A message in a form that we do not know: its sender hears that it did not go."""
        metrics.CANNOT_CROSS.labels("unreadable").inc()
        try:
            update = bare_updates.decode(raw)
        except UNDECODABLE:
            return []
        message = update.message
        if message is None or message.chat.type != "private":
            return []
        return [self._answer(message.chat.id, update.update_id, "kind_cannot_cross", message.message_id)]

    def _read(self, raw: msgspec.Raw, aside: list[tuple[bytes, str]]) -> Update | None:
        try:
            return updates.decode(raw)
        except UNDECODABLE as error:
            aside.append((bytes(raw), f"{type(error).__name__}: {error}"))
            return None

    def _source(self) -> Source:
        return Source(str(self._bot), self._lease.epoch)

    def _now(self) -> int:
        return round(self._clock.wall() * 1000)


def _asks(taken: _Taken) -> bool:
    message = taken[0].message or taken[0].edited_message
    return message is not None and message.document is not None and _asked_about(content_of(message))


def _asked_about(content: Content | None) -> TypeGuard[Media]:
    """Whether it is a file that cannot be cleaned, so that its sender has to agree."""
    return isinstance(content, Media) and care_of(content) is Care.ASK


def _number(taken: _Taken) -> UpdateId:
    return taken[0].update_id


def is_for_partner(update: Update) -> bool:
    """Whether an update concerns the partner: no command, no button, no change of membership."""
    message = update.message
    if message is not None:
        text = message.text or ""
        return not text.startswith("/") and not (text and takes_back(message))
    edited = update.edited_message
    if edited is not None:
        return not (edited.text or "").startswith("/")
    return update.message_reaction is not None


def takes_back(message: Message) -> bool:
    """A reply that is nothing but a waste basket."""
    return message.reply_to_message is not None and (message.text or "").rstrip("\ufe0f") == WASTE_BASKET
