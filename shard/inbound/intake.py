"""A batch of updates becomes safe in Redis: relayed messages in one append, the rest by handlers.

Per person the order of the updates is the order of the work. People whose updates of this batch
are all messages to their partner share one append for all; the others each have a chain of their
own, so that a slow command holds up nobody else. `take_in` returns when all of it is safe; while
Redis is away it repeats, and everything it repeats is known by its update.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from core.domain import envelope as envelopes
from core.domain.conversation import Phase, Standing
from core.domain.envelope import Envelope, Lane, Notice
from core.domain.errors import RedisAway
from core.domain.ids import BotId, MessageId, PersonId, UpdateId
from core.service import metrics
from core.service.failpoints import passing
from core.service.clock import Clock
from core.state.redis.leases import Lease
from core.state.redis.streams import Append, Source, Streams
from shard.inbound.relay import relay
from shard.inbound.updates import Message, Update, updates
from shard.standings import Standings

RETRY_SECONDS = 0.2

log = structlog.get_logger(__name__)

Handler = Callable[[Update, msgspec.Raw], Awaitable[None]]
"""Works through a command, a button or a membership change; safe and repeatable."""


class Intake:
    """What inbound does with updates, wherever they come from (poll or webhook)."""

    def __init__(
        self, bot: BotId, lease: Lease, streams: Streams, standings: Standings, clock: Clock, handle: Handler
    ) -> None:
        self._bot = bot
        self._lease = lease
        self._streams = streams
        self._standings = standings
        self._clock = clock
        self._handle = handle

    async def take_in(self, raw: Sequence[msgspec.Raw]) -> None:
        """Return when everything that follows from these updates is safe. Raises StaleEpoch."""
        chains: dict[PersonId, list[tuple[Update, msgspec.Raw]]] = {}
        for one in raw:
            update = self._read(one)
            person = update.person() if update is not None else None
            if update is not None and person is not None:
                chains.setdefault(person, []).append((update, one))
        await self._until_redis_is_there(lambda: self._work(chains))

    async def _work(self, chains: dict[PersonId, list[tuple[Update, msgspec.Raw]]]) -> None:
        await self._standings.load(chains)
        together: list[Append] = []
        alone: list[tuple[PersonId, list[tuple[Update, msgspec.Raw]]]] = []
        for person, chain in chains.items():
            if all(is_for_partner(update) for update, _ in chain):
                together.extend(self._to_partner(person, update) for update, _ in chain)
            else:
                alone.append((person, chain))
        if not alone:
            await self._append(together)
            return
        # A group, so that nothing of a failed attempt is still under way when the next one begins.
        async with asyncio.TaskGroup() as work:
            work.create_task(self._append(together))
            for person, chain in alone:
                work.create_task(self._chain(person, chain))

    async def _chain(self, person: PersonId, chain: list[tuple[Update, msgspec.Raw]]) -> None:
        for update, raw in chain:
            if is_for_partner(update):
                await self._standings.load([person])
                await self._append([self._to_partner(person, update)])
            else:
                await self._handle(update, raw)

    async def _append(self, appends: list[Append]) -> None:
        new = await self._streams.append(self._source(), appends, self._now())
        passing("after_append")
        metrics.APPENDED.inc(new)

    def _to_partner(self, person: PersonId, update: Update) -> Append:
        """The envelope for a message that is no command: to the partner, or back to the sender in words."""
        message = update.message
        assert message is not None, "is_for_partner was asked before"
        metrics.MESSAGES_IN.inc()
        standing = self._standings.get(person) or Standing()
        why = self._cannot_go(standing)
        if why is None:
            body = relay(message, person, standing, self._bot)
            if body is not None:
                sealed = Envelope(envelopes.VERSION, standing.partner, Lane.RELAYED, self._now(), body)
                return Append(standing.partner_bot, str(update.update_id), envelopes.encode(sealed))
            why = "kind_cannot_cross"
        return self._answer(person, update.update_id, why, message)

    def _cannot_go(self, standing: Standing) -> str | None:
        """The text key that says why a message has nowhere to go; None where it may go."""
        if standing.phase is Phase.IDLE:
            return "not_in_chat"
        if standing.bot != self._bot:
            return "chat_is_elsewhere"
        return "still_searching" if standing.phase is Phase.WAITING else None

    def _answer(self, person: PersonId, update: UpdateId, key: str, message: Message) -> Append:
        notice = Notice(key, {}, MessageId(message.message_id))
        sealed = Envelope(envelopes.VERSION, person, Lane.INTERACTIVE, self._now(), notice)
        return Append(self._bot, str(update), envelopes.encode(sealed))

    def _read(self, raw: msgspec.Raw) -> Update | None:
        try:
            return updates.decode(raw)
        except (msgspec.MsgspecError, RecursionError) as error:
            metrics.UPDATES_UNREADABLE.inc()
            log.warning(
                "an update could not be read and is passed over", why=type(error).__name__, size=len(raw)
            )
            return None

    async def _until_redis_is_there(self, work: Callable[[], Awaitable[None]]) -> None:
        """Repeat until done. Nothing is done without a valid lease: another may own the token."""
        while True:
            while not self._lease.valid():
                await asyncio.sleep(0.05)
            try:
                await work()
            except* RedisAway as errors:
                log.warning("nothing is confirmed until Redis is back", why=str(errors.exceptions[0]))
            else:
                return
            await asyncio.sleep(RETRY_SECONDS)

    def _source(self) -> Source:
        return Source(str(self._bot), self._lease.epoch)

    def _now(self) -> int:
        return round(self._clock.wall() * 1000)


def is_for_partner(update: Update) -> bool:
    """Whether an update is a message to the partner: no command, no button, no change of membership."""
    message = update.message
    return message is not None and not (message.text or "").startswith("/")
