"""Bots move through their lives as the leader looks at PostgreSQL and Redis; the directory tells of them."""

from collections.abc import AsyncIterator

import pytest

from coordinator.assignment.headroom import Policy
from coordinator.assignment.publisher import Publisher
from coordinator.membership.keeper import Keeper
from core.domain.errors import StaleEpoch
from core.domain.fleet import BotState, Directory, DirectoryEntry, ShardReport
from core.domain.ids import BotId, Epoch
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from core.state.redis.fleet import Fleet
from core.state.redis.leases import Lease
from core.state.redis.streams import Append, Source, Streams
from tests.integration.coordinator.support import ONE, TWO, FastClock, Network, eventually, working

EPOCH = Epoch(1)


class Stage:
    """A leader's keeper and publisher, on a quick clock, with a lease that nobody disputes."""

    def __init__(self, network: Network, database: Database, lease: Lease) -> None:
        self.network = network
        self.fleet = Fleet(network.client, network.keys)
        self.bots = Bots(database, TokenCipher("a secret of thirty-two characters"))
        self.waiting: dict[BotId, int] = {}
        clock = FastClock()
        outages = Outages(clock)
        self.keeper = Keeper(self.bots, self.fleet, lambda: self.waiting, lease, clock, outages)
        self.publisher = Publisher(
            self.fleet, self.keeper.rows, lambda: self.waiting, EPOCH, Policy(), clock, outages
        )

    async def serve(self, *bots: BotId) -> None:
        """These bots' shards hold their leases, for as long as a test runs."""
        for bot in bots:
            await self.network.client.command("SET", self.network.keys.lease(bot), "1 somebody")

    async def report(self, bot: BotId, rate_out: float = 0.0) -> None:
        await self.fleet.report(ShardReport(bot=bot, epoch=Epoch(1), at=0, rate_out=rate_out))

    async def add(self, bot: BotId, state: BotState = BotState.PENDING) -> None:
        await self.bots.add(bot, f"bot{bot}", f"{bot}:token")
        await self.bots.set_state(bot, state)

    async def is_in(self, bot: BotId, state: BotState) -> bool:
        return (await self.bots.get(bot)).state is state

    async def entry(self, bot: BotId) -> DirectoryEntry | None:
        return (await self.fleet.directory()).find(bot)

    async def looks(self, times: int) -> None:
        """Until the keeper has looked that many times more."""
        seen: list[object] = []

        async def enough() -> bool:
            rows = self.keeper.rows()
            if not seen or rows is not seen[-1]:
                seen.append(rows)
            return len(seen) > times

        await eventually(enough)


@pytest.fixture
async def stage(network: Network, database_url: str) -> AsyncIterator[Stage]:
    lease = Lease.of_leader(network.client, SystemClock(), network.keys, "the leader")

    async def first(_: Epoch) -> Epoch:
        return EPOCH

    await lease.take(first)
    async with Database(database_url) as database, working(lease.run()):
        yield Stage(network, database, lease)


async def test_a_new_bot_warms_up_and_serves(stage: Stage) -> None:
    await stage.add(ONE)
    await stage.add(TWO)
    async with working(stage.keeper.run()):
        await stage.looks(2)
        assert await stage.is_in(ONE, BotState.PENDING)
        await stage.serve(ONE)
        await eventually(lambda: stage.is_in(ONE, BotState.WARMING))
        await eventually(lambda: stage.is_in(ONE, BotState.ACTIVE))
        assert await stage.is_in(TWO, BotState.PENDING)


async def test_a_bot_whose_shard_dies_while_warming_begins_anew(stage: Stage) -> None:
    await stage.add(ONE, BotState.WARMING)
    async with working(stage.keeper.run()):
        await eventually(lambda: stage.is_in(ONE, BotState.PENDING))


async def test_one_whose_lease_ran_out_moves_nobody(network: Network, database_url: str) -> None:
    """PostgreSQL knows no fence, so the holder's own clock must do."""
    lease = Lease.of_leader(network.client, SystemClock(), network.keys, "frozen for a while")
    async with Database(database_url) as database:
        stage = Stage(network, database, lease)
        await stage.add(ONE)
        await stage.serve(ONE)
        async with working(stage.keeper.run()):
            await stage.looks(3)
        assert await stage.is_in(ONE, BotState.PENDING)


async def test_a_draining_bot_retires_when_nobody_needs_it_any_more(stage: Stage) -> None:
    network = stage.network
    await stage.add(ONE, BotState.DRAINING)
    await stage.serve(ONE)
    await network.find(1, 2)
    async with network.matching(epoch=EPOCH):
        await eventually(lambda: network.chatting(1, 2))
    await network.client.command("DEL", network.keys.inbox(ONE))
    async with working(stage.keeper.run()):
        await stage.looks(8)
        assert await stage.is_in(ONE, BotState.DRAINING), "people talk there"
        stage.waiting[ONE] = 1
        await network.conversations.leave(network.asker(1, ONE), (await network.partner(1)))
        await network.client.command("DEL", network.keys.inbox(ONE))
        await stage.looks(8)
        assert await stage.is_in(ONE, BotState.DRAINING), "somebody waits there"
        undelivered = Append(ONE, "1", b"a last word")
        await Streams(network.client, network.keys).append(Source("test", Epoch(0)), [undelivered], 0)
        stage.waiting.clear()
        await stage.looks(8)
        assert await stage.is_in(ONE, BotState.DRAINING), "something is undelivered"
        await network.client.command("DEL", network.keys.inbox(ONE))
        await eventually(lambda: stage.is_in(ONE, BotState.RETIRED))


async def test_an_operators_word_is_not_overwritten(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator drains a bot just while the leader, who saw it warming, makes it active."""
    await stage.add(ONE, BotState.WARMING)
    await stage.serve(ONE)
    asked = stage.bots.set_state
    drained = False

    async def operator_first(
        bot: BotId, state: BotState, *, reason: str = "", expected: BotState | None = None
    ) -> bool:
        nonlocal drained
        if state is BotState.ACTIVE and not drained:
            drained = await asked(bot, BotState.DRAINING)
        return await asked(bot, state, reason=reason, expected=expected)

    monkeypatch.setattr(stage.bots, "set_state", operator_first)
    stage.waiting[ONE] = 1
    async with working(stage.keeper.run()):

        async def told() -> bool:
            return drained

        await eventually(told)
        await stage.looks(3)
    assert await stage.is_in(ONE, BotState.DRAINING)


async def test_the_directory_tells_who_serves_and_who_takes_newcomers(stage: Stage) -> None:
    await stage.add(ONE, BotState.ACTIVE)
    await stage.add(TWO, BotState.ACTIVE)
    await stage.add(BotId(33), BotState.RETIRED)
    await stage.serve(ONE, TWO)
    await stage.report(ONE, rate_out=29.0)
    await stage.report(TWO, rate_out=1.0)
    stage.waiting[TWO] = 2
    async with working(stage.keeper.run(), stage.publisher.run()):

        async def published() -> bool:
            return (await stage.fleet.directory()).at > 0

        await eventually(published)
    directory = await stage.fleet.directory()
    assert [entry.bot for entry in directory.bots] == [ONE, TWO]
    assert directory.waiting == 2
    full, free = directory.bots
    assert not full.open
    assert full.headroom < 0
    assert free.open
    assert free.waiting == 2


async def test_a_retired_bot_is_known_while_it_is_served_and_offered_to_nobody(stage: Stage) -> None:
    await stage.add(ONE, BotState.RETIRED)
    await stage.add(TWO, BotState.RETIRED)
    await stage.serve(ONE)
    await stage.report(ONE)
    before = DirectoryEntry(ONE, "bot11", BotState.ACTIVE, 20.0, open=True)
    await stage.fleet.publish(EPOCH, Directory(at=1, waiting=0, bots=(before,)))

    async def published() -> bool:
        return (await stage.fleet.directory()).at > 1

    async def is_gone() -> bool:
        return await stage.entry(ONE) is None

    async with working(stage.keeper.run(), stage.publisher.run()):
        await eventually(published)
        (known,) = (await stage.fleet.directory()).bots
        assert (known.bot, known.state, known.open) == (ONE, BotState.RETIRED, False)
        await stage.network.client.command("DEL", stage.network.keys.lease(ONE))
        await eventually(is_gone)


async def test_a_bot_without_a_living_shard_takes_nobody(stage: Stage) -> None:
    await stage.add(ONE, BotState.ACTIVE)
    async with working(stage.keeper.run(), stage.publisher.run()):

        async def listed() -> bool:
            return await stage.entry(ONE) is not None

        await eventually(listed)
        await stage.report(ONE)
        await stage.looks(3)
        entry = await stage.entry(ONE)
        assert entry is not None
        assert not entry.open, "a report may be of a shard that is dead by now"
        await stage.serve(ONE)

        async def opened() -> bool:
            entry = await stage.entry(ONE)
            return entry is not None and entry.open

        await eventually(opened)


@pytest.mark.parametrize("was_open", [True, False])
async def test_a_new_leader_goes_by_what_the_one_before_said(stage: Stage, was_open: bool) -> None:
    """Headroom between closing and opening: the bot stays as it was, so that it does not flap."""
    before = DirectoryEntry(ONE, "bot11", BotState.ACTIVE, 3.0, open=was_open)
    await stage.fleet.publish(EPOCH, Directory(at=1, waiting=0, bots=(before,)))
    await stage.add(ONE, BotState.ACTIVE)
    await stage.serve(ONE)
    await stage.report(ONE, rate_out=30.0 * Policy().target - 3.0)
    async with working(stage.keeper.run(), stage.publisher.run()):

        async def published() -> bool:
            return (await stage.fleet.directory()).at > 1

        await eventually(published)
    entry = await stage.entry(ONE)
    assert entry is not None
    assert entry.open is was_open


async def test_who_leads_no_more_publishes_nothing(stage: Stage) -> None:
    await stage.add(ONE)
    await stage.network.lead(EPOCH + 1)

    async def until_it_ends() -> None:
        async with working(stage.keeper.run()):
            await stage.publisher.run()

    with pytest.raises(ExceptionGroup) as ended:
        await until_it_ends()
    assert ended.group_contains(StaleEpoch)
    assert (await stage.fleet.directory()).at == 0
