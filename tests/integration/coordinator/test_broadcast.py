"""Broadcasts on real stores: leaders who die at every write, shards that count, people who come and go."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest

from coordinator.broadcast.announcer import Announcer
from coordinator.broadcast.feeder import Feeder
from coordinator.broadcast.line import WINDOW
from core.domain.broadcast import Broadcast, BroadcastState, Outcome
from core.domain.content import Text
from core.domain.envelope import Cast, Notice, decode
from core.domain.errors import StaleEpoch
from core.domain.fleet import BotState, ShardReport
from core.domain.ids import BotId, BroadcastId, Epoch, PersonId, UpdateId
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.postgres.audience import Audience
from core.state.postgres.bots import Bots
from core.state.postgres.broadcasts import Broadcasts, BroadcastUnderWay
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.redis.casts import CastBook, Casts, Fed, Helping
from core.state.redis.client import RedisClient
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.streams import START, Inbox, Streams
from tests.integration.coordinator.support import ONE, TWO

ADMIN = PersonId(9_000)
CONTENT = Text("hello, everybody")
PEOPLE = 30
"""So many on each bot: more than a window."""


class Died(Exception):
    """The leader is no more."""


class Doom:
    """Lets a leader die at its n-th write, and the next one too."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.deaths = 0
        self.writes = 0

    def __call__(self) -> None:
        self.writes += 1
        if self.deaths < 2 and self.writes == self._at:
            self.deaths += 1
            self.writes = 0
            raise Died


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


@pytest.fixture
async def stage(database_url: str, client: RedisClient, keys: Keys) -> AsyncIterator[Stage]:
    async with Database(database_url) as database:
        made = Stage(database, client, keys)
        for bot in (ONE, TWO):
            await made.bots.add(bot, f"bot{bot}", f"{bot}:token")
            await made.bots.set_state(bot, BotState.ACTIVE)
        await client.command("SCRIPT", "FLUSH")
        yield made


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_leaders_may_die_at_every_write_and_twice(stage: Stage, *, after: bool) -> None:
    for person in range(PEOPLE):
        await stage.seat(100 + person, ONE)
        await stage.seat(200 + person, TWO)
    everybody = {PersonId(100 + n) for n in range(PEOPLE)} | {PersonId(200 + n) for n in range(PEOPLE)}
    for died_at in count(1):
        number = await stage.draft(died_at)
        # Found out anew in every broadcast: as if they had come back in between.
        blocked, gone = PersonId(100), PersonId(200)
        await stage.database.execute("UPDATE reach SET blocked_at = NULL, away = NULL")
        stage.shards[ONE].fates = {blocked: Outcome.BLOCKED}
        stage.shards[TWO].fates = {gone: Outcome.GONE}
        doom = Doom(died_at)
        for _ in range(3):
            leader = await stage.leader(doom, after=after)
            try:
                while (await stage.broadcasts.get(number)).state is BroadcastState.DRAFT:
                    await stage.step(leader)
                await stage.broadcasts.decide(number, ADMIN, send=True)
                over = await stage.finished(number, leader)
                break
            except Died:
                for shard in stage.shards.values():
                    await shard.work(most=7)
        shown = stage.shown(number)
        assert set(shown) == everybody, died_at
        assert all(len(bots) == 1 for bots in shown.values()), died_at
        assert (over.counts.sent, over.counts.blocked, over.counts.gone) == (2 * PEOPLE - 2, 1, 1)
        assert (over.state, over.audience, over.left) == (BroadcastState.DONE, 2 * PEOPLE, 0)
        said = [key for key, params in stage.shards[ONE].notices if params["id"] == str(number)]
        assert said == ["broadcast_ask", "broadcast_over"]
        unreachable = await stage.database.fetch("SELECT person FROM reach WHERE blocked_at IS NOT NULL")
        assert {row["person"] for row in unreachable} == {blocked, gone}
        if not doom.deaths:
            break
    assert died_at > 10
    assert max(shard.longest for shard in stage.shards.values()) <= WINDOW + 3


async def test_everybody_gets_it_at_home_and_once_also_who_comes_and_goes_meanwhile(stage: Stage) -> None:
    await stage.seat(1, ONE, TWO, home=TWO)
    await stage.seat(2, ONE, TWO, home=ONE)
    reach = Reach(stage.database)
    # Has blocked home: the other bot, also when they come back home in the middle.
    await stage.seat(3, TWO, ONE, home=ONE)
    await reach.blocked(PersonId(3), ONE)
    # Home is a bot that has left the network.
    await stage.seat(4, TWO, ONE, home=BotId(99))
    # Blocks before their turn, and comes back before it.
    await stage.seat(5, TWO)
    # Has blocked all; banned; never agreed; comes when it has begun.
    await stage.seat(6, ONE)
    await reach.blocked(PersonId(6), ONE)
    await stage.seat(7, ONE)
    await stage.database.execute("UPDATE people SET banned_until = 'infinity' WHERE id = 7")
    await reach.opened(PersonId(8), ONE)
    number = await stage.broadcasts.start(CONTENT)
    assert await stage.broadcasts.reachable() == 5
    with pytest.raises(BroadcastUnderWay):
        await stage.broadcasts.start(CONTENT)
    await stage.broadcasts.begin(number)
    await reach.opened(PersonId(3), ONE)
    await reach.blocked(PersonId(5), TWO)
    await stage.seat(10, ONE)
    over = await stage.finished(number, await stage.leader())
    assert stage.shown(number) == {1: [TWO], 2: [ONE], 3: [TWO], 4: [ONE]}
    assert (over.counts.sent, over.counts.skipped, over.audience, over.left) == (4, 1, 5, 0)


async def test_it_can_be_paused_goes_on_and_is_stopped(stage: Stage) -> None:
    for person in range(4 * WINDOW):
        await stage.seat(100 + person, ONE)
    number = await stage.broadcasts.start(CONTENT)
    leader = await stage.leader()
    await stage.step(leader)
    assert len(stage.shown(number)) == WINDOW
    assert await stage.broadcasts.steer(number, BroadcastState.PAUSED)
    for _ in range(3):
        await stage.step(leader)
    assert len(stage.shown(number)) == WINDOW
    # While it is paused another leader comes.
    leader = await stage.leader()
    await stage.broadcasts.steer(number, BroadcastState.RUNNING)
    await stage.step(leader)
    assert len(stage.shown(number)) == 2 * WINDOW
    await stage.broadcasts.steer(number, BroadcastState.STOPPED)
    over = await stage.finished(number, leader)
    assert (over.state, over.counts.sent, over.left) == (BroadcastState.STOPPED, 2 * WINDOW, 2 * WINDOW)
    assert not await stage.broadcasts.steer(number, BroadcastState.RUNNING)
    assert all(len(bots) == 1 for bots in stage.shown(number).values())


async def test_an_older_leader_feeds_nobody(stage: Stage) -> None:
    for person in range(3 * WINDOW):
        await stage.seat(100 + person, ONE)
    number = await stage.broadcasts.start(CONTENT)
    older = await stage.leader()
    await stage.step(older)
    newer = await stage.leader()
    await stage.step(newer)
    with pytest.raises(StaleEpoch):
        await stage.step(older)
    await stage.finished(number, newer)
    assert Counter(len(bots) for bots in stage.shown(number).values()) == {1: 3 * WINDOW}


async def test_redis_that_has_forgotten_all_begins_where_postgresql_knows(stage: Stage) -> None:
    for person in range(3 * WINDOW):
        await stage.seat(100 + person, ONE)
    number = await stage.broadcasts.start(CONTENT)
    leader = await stage.leader()
    await stage.step(leader)
    await stage.step(leader)
    before = set(stage.shown(number))
    await stage.client.command("DEL", *(stage.keys.cast(bot, number) for bot in (ONE, TWO)))
    await stage.finished(number, await stage.leader())
    assert before < set(stage.shown(number))
    assert all(len(bots) == 1 for bots in stage.shown(number).values())


async def test_a_bot_that_left_holds_nothing_back(stage: Stage) -> None:
    await stage.seat(1, ONE)
    await stage.seat(2, TWO)
    number = await stage.broadcasts.start(CONTENT)
    await stage.broadcasts.begin(number)
    await stage.bots.remove(TWO)
    over = await stage.finished(number, await stage.leader())
    assert (over.state, over.counts.sent, over.left) == (BroadcastState.DONE, 1, 1)


async def test_no_more_is_paid_for_than_was_allowed_whoever_dies_or_forgets(stage: Stage) -> None:
    for person in range(20 * WINDOW):
        await stage.seat(100 + person, ONE)
        await stage.seat(1000 + person, TWO)
    stage.most_stars = 4
    number = await stage.broadcasts.start(CONTENT, stars=9)
    books = [CastBook(stage.client, stage.keys, bot) for bot in (ONE, TWO)]
    paid = 0
    for turn in range(8):
        leader = await stage.leader()
        await stage.step(leader)
        await stage.step(leader)
        paid += sum([await book.pay(Epoch(1), number, 7) for book in books])
        if turn == 0:
            assert paid == 14
            await stage.client.command("DEL", *(stage.keys.cast(bot, number) for bot in (ONE, TWO)))
    assert await books[0].pay(Epoch(7), number, 3) == 0, "a process without the lease pays for nothing"
    over = await stage.finished(number, leader)
    assert 14 < paid <= 40
    assert over.paid <= paid
    assert over.state is BroadcastState.DONE


async def test_bots_are_fed_in_turn_and_a_look_changes_nothing(stage: Stage) -> None:
    for person in range(PEOPLE):
        await stage.seat(100 + person, ONE)
        await stage.seat(200 + person, TWO)
    number = await stage.broadcasts.start(CONTENT)
    leader = await stage.leader()
    fed: list[list[BotId]] = []
    feed = leader._casts.feed

    async def noted(epoch: Epoch, broadcast: BroadcastId, helpings: list[Helping]) -> list[Fed]:
        fed.append([one.bot for one in helpings if one.payloads])
        return await feed(epoch, broadcast, helpings)

    leader._casts.feed = noted  # type: ignore[method-assign, assignment]  # watched, not replaced
    await leader._step()
    assert sorted(bots for bots in fed if bots) == [[ONE], [TWO]], "shards that wake up together delay chats"
    cast = stage.keys.cast(ONE, number)
    await stage.client.command("EXPIRE", cast, 1_000)
    await leader._step()
    assert 0 < await stage.client.command("TTL", cast) <= 1_000, "a change is a write to the disk"


async def test_how_far_one_has_come_is_noted_every_few_seconds(stage: Stage) -> None:
    for person in range(PEOPLE):
        await stage.seat(100 + person, ONE)
    number = await stage.broadcasts.start(CONTENT)
    leader = await stage.leader()
    clock = leader._clock = Standing()
    sent: list[int] = []
    for _ in range(12):
        await stage.step(leader)
        clock.now += 1.01
        sent.append((await stage.broadcasts.get(number)).counts.sent)
    assert sent[-1] == PEOPLE
    assert 2 <= len(set(sent)) <= 4, sent
    assert (await stage.broadcasts.get(number)).finished_at is not None
