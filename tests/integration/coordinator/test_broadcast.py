"""Broadcasts on real stores: leaders who die at every write, shards that count, people who come and go."""

from collections import Counter
from itertools import count

import pytest

from coordinator.broadcast.line import WINDOW
from core.domain.broadcast import BroadcastState, Outcome
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, BroadcastId, Epoch, PersonId
from core.state.postgres.broadcasts import BroadcastUnderWay
from core.state.postgres.reach import Reach
from core.state.redis.casts import CastBook, Fed, Helping
from core.state.redis.streams import Inbox
from tests.integration.coordinator.broadcasting import ADMIN, CONTENT, PEOPLE, Stage, Standing
from tests.integration.coordinator.support import ONE, TWO


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
    # It is noted in PostgreSQL.
    await leader._look()
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


async def test_a_helping_goes_when_half_of_what_lies_there_has_gone(stage: Stage) -> None:
    for person in range(3 * WINDOW):
        await stage.seat(100 + person, ONE)
    number = await stage.broadcasts.start(CONTENT)
    leader = await stage.leader()
    for _ in range(3):
        await leader._step()
    inbox = Inbox(stage.client, stage.keys, ONE)
    assert (await inbox.look()).waiting == WINDOW, "what does not fit is not put there"
    await stage.shards[ONE].work(WINDOW // 2 - 1)
    await leader._step()
    assert (await inbox.look()).waiting == WINDOW // 2 + 1
    await stage.shards[ONE].work(1)
    await leader._step()
    assert (await inbox.look()).waiting == WINDOW
    over = await stage.finished(number, leader)
    assert over.counts.sent == 3 * WINDOW
    assert Counter(len(bots) for bots in stage.shown(number).values()) == {1: 3 * WINDOW}


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
