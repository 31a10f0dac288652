"""One owner a name: taken, renewed, lost, given back, against a real server."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from core.domain.errors import LeaseTaken, RedisAway, StaleEpoch
from core.domain.ids import BotId, Epoch
from core.service.clock import SystemClock
from core.state.redis import leases
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.leases import MARGIN, Lease

BOT = BotId(11)
TTL = 3600.0
"""Longer than any test: the server lets none run out."""
NextEpoch = Callable[..., Awaitable[Epoch]]


class SetClock(SystemClock):
    """A clock that a test puts forward."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "TTL", TTL)


@pytest.fixture
def next_epoch() -> NextEpoch:
    epochs = itertools.count(1)

    async def draw(*_: Epoch) -> Epoch:
        return Epoch(next(epochs))

    return draw


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


Shard = Callable[[str], Lease]


@pytest.fixture
def shard(client: RedisClient, keys: Keys, clock: SetClock) -> Shard:
    return lambda holder: Lease.of_shard(client, clock, keys, BOT, holder)


async def expire(client: RedisClient, keys: Keys) -> None:
    """As if the server's clock had passed the lease's end."""
    await client.command("DEL", keys.lease(BOT))


async def test_a_free_lease_is_taken(shard: Shard, next_epoch: NextEpoch) -> None:
    lease = shard("one")
    assert not lease.valid()
    await lease.take(next_epoch)
    assert lease.valid()
    assert lease.epoch == 1


async def test_the_second_one_is_told_who_has_it_and_for_how_long(
    shard: Shard, next_epoch: NextEpoch
) -> None:
    await shard("one").take(next_epoch)
    with pytest.raises(LeaseTaken) as caught:
        await shard("two").take(next_epoch)
    assert caught.value.holder == "one"
    assert 0 < caught.value.wait_ms <= TTL * 1000
    assert await next_epoch() == 2, "a refused one drew no epoch"


async def test_two_at_once_one_wins(shard: Shard, next_epoch: NextEpoch) -> None:
    taken = await asyncio.gather(
        *(shard(f"holder {n}").take(next_epoch) for n in range(10)), return_exceptions=True
    )
    assert sum(result is None for result in taken) == 1
    assert all(isinstance(result, LeaseTaken | StaleEpoch) for result in taken if result is not None)


async def test_the_same_holder_takes_it_again_with_a_newer_epoch(shard: Shard, next_epoch: NextEpoch) -> None:
    await shard("one").take(next_epoch)
    again = shard("one")
    await again.take(next_epoch)
    assert again.epoch == 2


async def test_the_holder_stops_before_its_lease_ends(
    shard: Shard, next_epoch: NextEpoch, clock: SetClock
) -> None:
    lease = shard("one")
    await lease.take(next_epoch)
    clock.now += TTL - MARGIN - 0.001
    assert lease.valid()
    assert lease.left() > 0
    clock.now += 0.001
    assert not lease.valid()
    assert lease.left() <= 0


async def test_renewing_counts_from_before_the_request(
    client: RedisClient, keys: Keys, shard: Shard, next_epoch: NextEpoch, clock: SetClock
) -> None:
    lease = shard("one")
    await lease.take(next_epoch)
    clock.now += 2.0
    await lease.renew()
    assert lease.left() == pytest.approx(TTL - MARGIN)
    assert 0 < await client.command("PTTL", keys.lease(BOT)) <= TTL * 1000


async def test_an_expired_lease_that_nobody_took_is_ones_own_again(
    client: RedisClient, keys: Keys, shard: Shard, next_epoch: NextEpoch
) -> None:
    lease = shard("one")
    await lease.take(next_epoch)
    await expire(client, keys)
    await lease.renew()
    with pytest.raises(LeaseTaken):
        await shard("two").take(next_epoch)


async def test_who_was_overtaken_is_told_and_takes_nothing_back(
    client: RedisClient, keys: Keys, shard: Shard, next_epoch: NextEpoch
) -> None:
    old, new = shard("one"), shard("two")
    await old.take(next_epoch)
    await expire(client, keys)
    await new.take(next_epoch)
    with pytest.raises(StaleEpoch):
        await old.renew()
    assert not old.valid()
    assert not await old.forgotten()
    await old.release()
    with pytest.raises(LeaseTaken):
        await shard("three").take(next_epoch)


async def test_a_lease_given_back_is_free_at_once(shard: Shard, next_epoch: NextEpoch) -> None:
    lease = shard("one")
    await lease.take(next_epoch)
    await lease.release()
    assert not lease.valid()
    other = shard("two")
    await other.take(next_epoch)
    assert other.epoch == 2


async def test_an_epoch_that_is_not_newer_takes_nothing(
    client: RedisClient, keys: Keys, shard: Shard, next_epoch: NextEpoch
) -> None:
    await client.command("SET", keys.epoch(BOT), 5)
    with pytest.raises(StaleEpoch):
        await shard("one").take(next_epoch)
    assert await client.command("GET", keys.epoch(BOT)) == b"5"


async def test_keeping_it_ends_when_another_has_it(
    client: RedisClient, keys: Keys, shard: Shard, next_epoch: NextEpoch
) -> None:
    lease = shard("one")
    await lease.take(next_epoch)
    keeping = asyncio.create_task(lease.run())
    await client.command("SET", keys.epoch(BOT), 9)
    with pytest.raises(StaleEpoch):
        await asyncio.wait_for(keeping, 10)


async def test_a_server_that_lost_all_ends_the_lease(
    client: RedisClient, keys: Keys, shard: Shard, next_epoch: NextEpoch
) -> None:
    lease = shard("one")
    await lease.take(next_epoch)
    await client.command("DEL", keys.lease(BOT), keys.epoch(BOT))
    with pytest.raises(StaleEpoch):
        await lease.renew()
    assert await lease.forgotten(), "nobody else has it, so its holder may begin anew"


async def test_what_a_server_that_is_not_safe_knows_of_a_holder_counts_for_nothing(
    redis_url: str, keys: Keys, clock: SetClock, shard: Shard, next_epoch: NextEpoch
) -> None:
    """A master without its replicas: another may have its place, where nobody holds the lease."""
    await shard("one").take(next_epoch)
    async with RedisClient(redis_url, "replica") as careful:
        with pytest.raises(RedisAway):
            await Lease.of_shard(careful, clock, keys, BOT, "two").take(next_epoch)


async def test_the_next_epoch_is_above_what_redis_has_seen(
    client: RedisClient, keys: Keys, shard: Shard
) -> None:
    """PostgreSQL may have been set back, by a restore or a standby that lagged."""
    await client.command("SET", keys.epoch(BOT), 5)

    async def next_above(known: Epoch) -> Epoch:
        return Epoch(known + 1)

    lease = shard("one")
    await lease.take(next_above)
    assert lease.epoch == 6


async def test_while_the_server_is_away_the_lease_runs_out(
    tmp_path: object, keys: Keys, clock: SetClock, next_epoch: NextEpoch
) -> None:
    async with RedisClient(f"unix://{tmp_path}/nothing.sock", "fast") as nowhere:
        with pytest.raises(RedisAway):
            await Lease.of_leader(nowhere, clock, keys, "one").take(next_epoch)
