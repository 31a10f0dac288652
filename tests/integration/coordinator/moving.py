"""A network with a bot that is gone, and a leader who moves its people."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from coordinator.moves.execution import Means
from coordinator.moves.mover import Mover
from core.domain.content import Text
from core.domain.conversation import Standing
from core.domain.envelope import VERSION, Envelope, Lane, Notice, Relay, decode, encode
from core.domain.errors import BotMoving
from core.domain.ids import BotId, ConversationId, Epoch, MessageId, PersonId
from core.domain.ticket import Pairing, Ticket
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.postgres.bots import BotRow
from core.state.postgres.epochs import Epochs
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.redis.fleet import Fleet
from core.state.redis.people_cache import PeopleCache
from core.state.redis.streams import START, Append, Inbox, Source, Streams
from tests.harness.scan import Scanner
from tests.integration.coordinator.support import Network

GONE, SECOND, THIRD = BotId(11), BotId(22), BotId(33)
BOTS = (GONE, SECOND, THIRD)
NOW = 1_700_000_000_000


class Died(Exception):
    """The leader, in the middle of a move."""


@dataclass
class Stage:
    network: Network
    database: Database
    rows: list[BotRow]
    sent: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    leader: int = 1
    waiting: dict[BotId, int] = field(default_factory=dict)

    @property
    def streams(self) -> Streams:
        return Streams(self.network.client, self.network.keys)

    def mover(self) -> Mover:
        """A new leader's."""
        client, keys, clock = self.network.client, self.network.keys, SystemClock()
        epochs = Epochs(self.database)

        async def bot_epoch(bot: BotId, above: Epoch) -> Epoch:
            return await epochs.next(f"bot:{bot}", above=above)

        means = Means(
            *(client, keys, self.streams, self.network.conversations, Fleet(client, keys)),
            *(Reach(self.database), PeopleTable(self.database), PeopleCache(client, keys)),
            *(lambda: self.rows, None, clock),
        )
        epoch, holder = Epoch(self.leader), f"leader {self.leader}"
        return Mover(means, lambda: self.waiting, bot_epoch, epoch, holder, Outages(clock))

    async def next_leader(self) -> Mover:
        self.leader += 1
        await self.network.lead(self.leader)
        # The lease of the one who died has run out by then.
        await self.network.client.command("DEL", self.network.keys.lease(GONE))
        return self.mover()

    async def opened(self, person: int, *bots: BotId) -> None:
        for bot in bots:
            await Reach(self.database).opened(PersonId(person), bot)

    async def pair(self, a: tuple[int, BotId], b: tuple[int, BotId]) -> None:
        tickets = []
        for person, bot in (a, b):
            (outcome,) = await self.network.find(person, bot=bot)
            tickets.append(Ticket(outcome.standing.ticket, PersonId(person), bot, PersonId(0)))
        pairing = Pairing(ConversationId(1_000 + a[0]), *tickets)
        (matched,) = await self.network.conversations.match(Epoch(self.leader), [pairing])
        await self.network.conversations.carry(matched.events, NOW)

    async def standing(self, person: int) -> Standing:
        return (await self.network.conversations.standings([PersonId(person)]))[0]

    async def write(self, person: int, believed: Standing | None = None) -> None:
        """One numbered text to the partner, as the shard that serves the person believes things are."""
        known = believed or await self.standing(person)
        number = self.sent[person, known.partner]
        self.sent[person, known.partner] += 1
        body = Relay(
            known.conversation, known.side, PersonId(person), known.bot, MessageId(number), Text(str(number))
        )
        envelope = Envelope(VERSION, known.partner, Lane.RELAYED, NOW, body)
        append = Append(known.partner_bot, f"{person}:{number}", encode(envelope), may_wait=True)
        while True:
            try:
                await self.streams.append(Source(str(known.bot), Epoch(1)), [append], NOW)
                return
            except BotMoving:
                await asyncio.sleep(0.005)

    async def inbox(self, bot: BotId) -> list[Envelope]:
        entries = await Inbox(self.network.client, self.network.keys, bot).read(START, 100_000, block_ms=1)
        return [decode(entry.payload) for entry in entries]

    async def arrived(self, writer: int, reader: int) -> list[int]:
        """The numbers in the stream of the bot that serves the reader."""
        served = (await self.standing(reader)).bot
        bodies = [envelope.body for envelope in await self.inbox(served) if envelope.to == reader]
        return [int(b.message) for b in bodies if isinstance(b, Relay) and b.sender == writer]

    async def told(self, person: int, bot: BotId) -> list[str]:
        bodies = [envelope.body for envelope in await self.inbox(bot) if envelope.to == person]
        return [b.key if isinstance(b, Notice) else str(b.change) for b in bodies if not isinstance(b, Relay)]  # type: ignore[union-attr]


async def broken(stage: Stage, people: list[int]) -> list[str]:
    return await Scanner(stage.network.keys, people, ()).look(stage.network.client)
