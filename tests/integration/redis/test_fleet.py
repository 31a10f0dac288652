"""Reports and directory, and the network's figures made from them."""

import pytest

from core.domain.errors import StaleEpoch
from core.domain.fleet import BotState, Directory, DirectoryEntry, ShardReport
from core.domain.ids import BotId, Epoch
from core.state.redis.client import RedisClient
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.streams import Append, Source, Streams

ONE, TWO = BotId(11), BotId(22)
LEADER = Epoch(4)
NOW = 1_700_000_000_000


@pytest.fixture
async def fleet(client: RedisClient, keys: Keys) -> Fleet:
    await client.command("SET", keys.match_epoch, LEADER)
    return Fleet(client, keys)


def directory(at: int = NOW) -> Directory:
    entries = (
        DirectoryEntry(ONE, "one_bot", BotState.ACTIVE, 12.5, open=True, waiting=1),
        DirectoryEntry(TWO, "two_bot", BotState.DRAINING, 20.0, open=False),
    )
    return Directory(at=at, waiting=1, bots=entries)


async def test_before_any_coordinator_the_directory_is_empty(fleet: Fleet) -> None:
    assert await fleet.directory() == Directory(at=0, waiting=0)
    stats = await fleet.network(NOW)
    assert (stats.directory_at, stats.bots) == (0, ())


async def test_the_leader_publishes(fleet: Fleet) -> None:
    await fleet.publish(LEADER, directory())
    assert await fleet.directory() == directory()


async def test_one_who_leads_no_more_publishes_nothing(fleet: Fleet) -> None:
    await fleet.publish(LEADER, directory())
    with pytest.raises(StaleEpoch):
        await fleet.publish(Epoch(LEADER - 1), directory(NOW + 1))
    assert (await fleet.directory()).at == NOW


async def test_only_living_shards_have_a_report(client: RedisClient, keys: Keys, fleet: Fleet) -> None:
    report = ShardReport(bot=ONE, epoch=Epoch(1), at=NOW, people=5)
    await fleet.report(report)
    assert await fleet.reports([ONE, TWO]) == {ONE: report}
    assert 0 < await client.command("PTTL", keys.stats(ONE)) <= 10_000


async def test_served_are_those_with_a_lease(client: RedisClient, keys: Keys, fleet: Fleet) -> None:
    await client.command("SET", keys.lease(TWO), "1 somebody", "PX", 10_000)
    assert await fleet.served([ONE, TWO]) == {TWO}
    assert await fleet.served([]) == set()


async def test_a_shard_that_just_died_is_not_alive_though_its_report_still_stands(fleet: Fleet) -> None:
    await fleet.publish(LEADER, directory())
    await fleet.report(ShardReport(bot=ONE, epoch=Epoch(1), at=NOW, people=5, cap=30.0, rate_out=9.0))
    stats = await fleet.network(NOW)
    assert not stats.bots[0].alive
    assert not stats.bots[0].open
    assert (stats.total.alive, stats.total.rate_out, stats.total.headroom) == (0, 0.0, 0.0)


async def test_a_shard_that_just_began_is_alive_without_figures(
    client: RedisClient, keys: Keys, fleet: Fleet
) -> None:
    await fleet.publish(LEADER, directory())
    await client.command("SET", keys.lease(ONE), "1 somebody", "PX", 10_000)
    (row, _) = (await fleet.network(NOW)).bots
    assert row.alive
    assert (row.cap, row.people) == (0.0, 0)


async def test_the_networks_figures(client: RedisClient, keys: Keys, fleet: Fleet) -> None:
    await fleet.publish(LEADER, directory())
    await fleet.report(
        ShardReport(
            bot=ONE,
            epoch=Epoch(1),
            at=NOW,
            people=5,
            rate_in=3.0,
            rate_out=6.0,
            cap=30.0,
            backlog=4,
            too_many=2,
        )
    )
    await client.command("SET", keys.lease(ONE), "1 somebody", "PX", 10_000)
    await client.command("HSET", keys.chatting, ONE, 3, TWO, 1)
    await client.command("XADD", keys.tickets, "*", "p", 1, "b", ONE, "l", 0)
    await Streams(client, keys).append(Source("x", Epoch(0)), [Append(TWO, "1", b"")], NOW)
    await client.command("XADD", keys.inbox(TWO), "*", "e", b"")

    stats = await fleet.network(NOW)

    alive, dead = stats.bots
    assert alive.alive
    assert (alive.people, alive.conversations, alive.waiting, alive.share) == (5, 3, 1, 0.2)
    assert not dead.alive
    assert (dead.state, dead.conversations, dead.backlog) == (BotState.DRAINING, 1, 2)
    total = stats.total
    assert (total.bots, total.alive, total.conversations, total.waiting) == (2, 1, 2, 1)
    assert (total.share, total.headroom, total.too_many, total.backlog) == (0.2, 12.5, 2, 2)
