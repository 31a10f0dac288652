"""What a bot may still do in its vault channels, whoever serves it, and what it posted there."""

import asyncio

from core.domain.ids import BotId
from core.service.clock import SystemClock
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.vault_counts import MOST, WINDOW_MS, VaultCounts
from shard.vault import LEFT_ALONE, RELIED_ON, Post, Vaults
from tests.harness.waiting import until

BOT = BotId(11)
CHANNELS = (-1, -2)


class HandClock(SystemClock):
    """A clock that is moved by hand."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


async def test_channels_are_used_evenly_and_never_beyond_their_limit(client: RedisClient, keys: Keys) -> None:
    counts = VaultCounts(client, keys, BOT)
    uses = await asyncio.gather(*(counts.take(CHANNELS) for _ in range(2 * MOST + 5)))
    taken = [use.channel for use in uses if use is not None]
    assert sorted(taken) == [-2] * MOST + [-1] * MOST
    assert await counts.free(CHANNELS) == []
    other = VaultCounts(client, keys, BotId(12))
    assert await other.free(CHANNELS) == list(CHANNELS)
    assert await other.take([-2]) is not None
    assert await other.free(CHANNELS) == [-1, -2]
    assert await other.free(()) == []
    assert await other.take(()) is None


async def test_another_process_of_the_bot_counts_on(client: RedisClient, keys: Keys) -> None:
    first = VaultCounts(client, keys, BOT)
    for _ in range(MOST - 2):
        use = await first.take([-1])
        assert use is not None
        await first.done(use)
    # One more is under way when its process dies.
    assert await first.take([-1]) is not None
    second = VaultCounts(client, keys, BOT)
    assert await second.take([-1]) is not None
    assert await second.take([-1]) is None
    assert WINDOW_MS < await client.command("PTTL", keys.vault(BOT, -1)) <= 6 * WINDOW_MS


async def test_a_use_counts_from_its_answer(client: RedisClient, keys: Keys) -> None:
    counts = VaultCounts(client, keys, BOT, window_ms=100)
    uses = [await counts.take([-1]) for _ in range(MOST)]
    for use in uses[1:]:
        assert use is not None
        await counts.done(use)

    again = []

    async def room() -> bool:
        again.append(await counts.take([-1]))
        return len(again) - again.count(None) == MOST - 1

    await until(room, 5, "the answered ones to count no more")
    assert await counts.take([-1]) is None, "the one under way counts still"


async def test_a_channel_that_refuses_us_is_left_alone_for_a_while(client: RedisClient, keys: Keys) -> None:
    clock = HandClock()
    vaults = Vaults(CHANNELS, clock, VaultCounts(client, keys, BOT))
    vaults.leave_alone(-1)
    assert vaults.usable() == await vaults.free() == [-2]
    assert await vaults.take([-1]) is None
    clock.now += LEFT_ALONE
    assert vaults.usable() == [-1, -2]


async def test_a_post_is_relied_on_for_less_than_the_channels_keep_it() -> None:
    clock = HandClock()
    vaults = Vaults(CHANNELS, clock, None)  # type: ignore[arg-type]  # counts nothing
    vaults.remember("u", Post(-1, 7))
    assert vaults.posted("u") == Post(-1, 7)
    clock.now += RELIED_ON
    assert vaults.posted("u") is None
