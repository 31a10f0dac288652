"""A server without memory: it takes nothing more, and what is in it still goes out."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain.errors import RedisFull
from core.domain.ids import BotId, Epoch
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.state.redis.client import RedisClient
from core.state.redis.file_memory import FileMemory
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.streams import START, Append, Inbox, Source, Streams
from deploy.embedded import EmbeddedRedis
from shard.outbound.acknowledger import Acknowledger

BOT = BotId(11)


@pytest.fixture
async def full(server_folder: Path) -> AsyncIterator[RedisClient]:
    """A server of this test's own, for it is the whole server that is full."""
    async with EmbeddedRedis(server_folder / "full") as server, RedisClient(server.url) as client:
        yield client


async def no_more(client: RedisClient) -> None:
    await client.command("CONFIG", "SET", "maxmemory", "1")


async def test_what_is_in_it_goes_out(full: RedisClient, keys: Keys) -> None:
    clock, streams, inbox = SystemClock(), Streams(full, keys), Inbox(full, keys, BOT)
    lease = Lease.of_shard(full, clock, keys, BOT, "one")

    async def first(_: Epoch) -> Epoch:
        return Epoch(1)

    await lease.take(first)
    source = Source("22", Epoch(1))
    await streams.append(source, [Append(BOT, "1", b"one"), Append(BOT, "2", b"two")], 0)
    one, two = await inbox.read(START, 10, block_ms=1)
    await no_more(full)
    with pytest.raises(RedisFull, match="raise maxmemory"):
        await streams.append(source, [Append(BOT, "3", b"three")], 0)
    await lease.renew()
    acknowledger = Acknowledger(inbox, lease, Outages(clock), deque())
    running = asyncio.create_task(acknowledger.run())
    files = FileMemory(full, keys, BOT)
    acknowledger.started((one.id, two.id))
    await acknowledger.done(one.id, notes=[files.note("unique", "ours")])
    assert [entry.id for entry in await inbox.read(START, 10, block_ms=1)] == [two.id]
    await full.command("CONFIG", "SET", "maxmemory", "0")
    await acknowledger.done(two.id)
    assert await inbox.read(START, 10, block_ms=1) == []
    assert await files.find("unique") == "ours", "what could not be noted is noted later"
    running.cancel()
