"""The stores, two shards and mortal leaders, for broadcasts."""

from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

from coordinator.broadcast.announcer import Announcer
from coordinator.broadcast.feeder import Feeder
from coordinator.broadcast.line import WINDOW
from core.domain.broadcast import Broadcast, Outcome
from core.domain.content import Text
from core.domain.envelope import Cast, Notice, decode
from core.domain.fleet import ShardReport
from core.domain.ids import BotId, BroadcastId, Epoch, PersonId, UpdateId
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.postgres.audience import Audience
from core.state.postgres.bots import Bots
from core.state.postgres.broadcasts import Broadcasts
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.redis.casts import CastBook, Casts
from core.state.redis.client import RedisClient
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.streams import START, Inbox, Streams
from tests.integration.coordinator.support import ONE, TWO

ADMIN = PersonId(9_000)
CONTENT = Text("hello, everybody")
PEOPLE = WINDOW + 10
"""So many on each bot: more than a window."""


class Looking(SystemClock):
    """Each look at it is ten seconds later: whatever is due every second is due in every step."""

    def __init__(self) -> None:
        self._looks = count()

    def monotonic(self) -> float:
        return 10.0 * next(self._looks)

    async def sleep(self, seconds: float) -> None:
        """The steps of a test follow each other at once."""


class Standing(Looking):
    """Goes on when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Shard:
    """What a shard does with its stream, and what people were shown."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId) -> None:
        self._client = client
        self._keys = keys
        self._inbox = Inbox(client, keys, bot)
        self._book = CastBook(client, keys, bot)
        self._epoch_key = keys.epoch(bot)
        self.shown: Counter[tuple[BroadcastId, PersonId]] = Counter()
        self.notices: list[tuple[str, dict[str, str]]] = []
        self.longest = 0
        self.fates: dict[PersonId, Outcome] = {}

    async def work(self, most: int = 100) -> None:
        """Deal with what lies in the stream."""
        await self._client.command("SET", self._epoch_key, 1)
        waiting = (await self._inbox.look()).waiting
        self.longest = max(self.longest, waiting)
        if not waiting:
            return
        for entry in await self._inbox.read(START, most, block_ms=1):
            envelope = decode(entry.payload)
            done, notes = [entry.id], []
            match envelope.body:
                case Cast(broadcast=number):
                    self.shown[number, envelope.to] += 1
                    if number:
                        fate = self.fates.get(envelope.to, Outcome.SENT)
                        done, notes = [], [self._book.tally(Epoch(1), number, entry.id, envelope.to, fate)]
                case Notice(key=key, params=params):
                    self.notices.append((key, params))
                case _:
                    raise AssertionError(f"nobody asked for {envelope.body}")
            await self._inbox.settle(Epoch(1), done, [], notes)
            # Its answer was lost: the same once more.
            await self._inbox.settle(Epoch(1), done, [], notes)


class Stage:
    """The stores, two shards, and leaders that come and go."""

    def __init__(self, database: Database, client: RedisClient, keys: Keys) -> None:
        self.database = database
        self.client = client
        self.keys = keys
        self.broadcasts = Broadcasts(database)
        self.shards = {bot: Shard(client, keys, bot) for bot in (ONE, TWO)}
        self.epoch = 0
        self.most_stars = 0
        self.bots = Bots(database, TokenCipher("s" * 40))

    async def seat(self, person: int, *bots: BotId, home: BotId | None = None) -> None:
        """Somebody who has agreed and opened these bots; the first is home where nothing is said."""
        await self.database.execute(
            "INSERT INTO people (id, consented_at, home_bot) VALUES ($1, now(), $2)", person, home or bots[0]
        )
        for bot in bots:
            await Reach(self.database).opened(PersonId(person), bot)

    async def leader(self, dies: Callable[[], None] = lambda: None, *, after: bool = False) -> Feeder:
        """A new leader whose every write asks `dies`, before it or after it."""
        self.epoch += 1
        rows = await self.bots.list()
        fleet = Fleet(self.client, self.keys)
        for row in rows:
            await fleet.report(ShardReport(bot=row.id, epoch=Epoch(1), at=0, casts=True))
        broadcasts, audience = Broadcasts(self.database), Audience(self.database)
        casts, streams = Casts(self.client, self.keys), Streams(self.client, self.keys)
        for owner, names in (
            (broadcasts, ("seen", "begin", "finish")),
            (audience, ("note", "unreachable")),
            (casts, ("feed", "noted")),
            (streams, ("append",)),
        ):
            for name in names:
                setattr(owner, name, _mortal(getattr(owner, name), dies, after=after))
        clock, epoch = Looking(), Epoch(self.epoch)
        announcer = Announcer(broadcasts, streams, self.most_stars, epoch, clock)
        return Feeder(
            broadcasts,
            audience,
            casts,
            announcer,
            fleet,
            lambda: rows,
            self.most_stars,
            epoch,
            clock,
            Outages(clock),
        )

    async def draft(self, asked: int) -> BroadcastId:
        await self.broadcasts.draft(ADMIN, ONE, UpdateId(asked), CONTENT)
        await self.broadcasts.draft(ADMIN, ONE, UpdateId(asked), CONTENT)
        row = await self.database.one(
            "SELECT max(id) AS id, count(*) AS n FROM broadcasts WHERE asked = $1", asked
        )
        assert row["n"] == 1
        return BroadcastId(row["id"])

    async def step(self, leader: Feeder) -> None:
        await leader._step()
        for shard in self.shards.values():
            await shard.work()

    async def finished(self, number: BroadcastId, leader: Feeder) -> Broadcast:
        for _ in range(100):
            await self.step(leader)
            found = await self.broadcasts.get(number)
            if found.finished_at is not None:
                return found
        raise AssertionError(f"never over: {found}")

    def shown(self, number: BroadcastId) -> dict[PersonId, list[BotId]]:
        """Through which bots each person was shown it, as often as it was."""
        shown: dict[PersonId, list[BotId]] = {}
        for bot, shard in self.shards.items():
            for (which, person), times in shard.shown.items():
                if which == number:
                    shown.setdefault(person, []).extend([bot] * times)
        return shown


def _mortal(write: Callable[..., Any], dies: Callable[[], None], *, after: bool) -> Callable[..., Any]:
    async def mortal(*args: Any, **options: Any) -> Any:
        if not after:
            dies()
        answer = await write(*args, **options)
        if after:
            dies()
        return answer

    return mortal
