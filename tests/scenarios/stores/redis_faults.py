"""What may happen to Redis."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from core.state.redis.client import RedisClient
from deploy.embedded import EmbeddedRedis
from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.redis_sets import SixNodes, Watched
from tests.harness.stage import breaches, met
from tests.harness.waiting import until
from tests.scenarios.stores.cables import Cable
from tests.scenarios.stores.play import Seen, fill, own_folder, small_disk, through

LOST = "your chat was lost"
SEARCHES = "Looking for a partner"
QUIET = 3.0
"""Seconds for which a server refuses, so that leases run out meanwhile."""


Blow = Callable[[], Awaitable[None]]


async def restart() -> Seen:
    """Killed like by a power cut, and started again on its own data."""
    async with running(2) as network:

        async def blow(_: Pairs) -> None:
            network.redis.kill()
            await asyncio.sleep(QUIET)
            await network.redis.start()

        return await through(network, blow)


async def forgets() -> Seen:
    """Everything is deleted while it runs."""
    async with running(2) as network:

        async def blow() -> None:
            async with RedisClient(network.settings.redis_url or "") as client:
                await client.command("FLUSHALL")

        return await _all_lost(network, blow)


async def empty() -> Seen:
    """A fresh, empty server in its place."""
    async with running(2) as network:

        async def blow() -> None:
            network.redis.kill()
            shutil.rmtree(network.redis.data)
            await network.redis.start()

        return await _all_lost(network, blow)


async def _all_lost(network: Network, blow: Blow) -> Seen:
    """All are told, those who searched search again, and the next two meet within ten seconds."""
    people = await met(network, 4)
    await people.talk(messages=3, rate=2.0)
    await people.settled(20)
    alone = people.add(people.members[0].bot)
    await people.join([alone])
    people.say(alone, "/find")
    await until(lambda: alone.told(SEARCHES), 20, "somebody to search")
    before = people.evaluate()
    alone.words.clear()
    await blow()
    healed = time.monotonic()
    talked = [member for member in people.members if member is not alone]
    await until(lambda: all(member.told(LOST) for member in talked), 20, "all to be told of their loss")
    await until(lambda: alone.told(SEARCHES), 20, "who searched to search again")
    people.say(talked[0], "/find")
    await until(
        lambda: alone.last_offers("menu:next") and talked[0].last_offers("menu:next"), 20, "two to meet"
    )
    again = time.monotonic() - healed
    alone.partner, talked[0].partner = talked[0], alone
    people.say(alone, f"#{alone.number} 0")
    await until(lambda: (alone.number, 0) in [s[:2] for s in talked[0].seen], 20, "a text between them")
    return Seen(
        *(before.sent, before.lost, before.misdelivered, before.inversions, before.repeats),
        again,
        breaches(network),
        network.ended(),
        f"; {len(talked)} people told, who searched searches again",
    )


async def disk_full_always() -> Seen:
    """Its disk is full. It writes out every command, so it ends; started again when there is room."""
    return await _disk_full({}, ends=True)


async def disk_full_everysec() -> Seen:
    """Its disk is full. It writes out every second, so it goes on and refuses what would change something."""
    return await _disk_full({"appendfsync": "everysec"}, ends=False)


async def _disk_full(settings: dict[str, str], *, ends: bool) -> Seen:
    with own_folder() as folder, small_disk(folder / "disk", 24) as disk:
        async with (
            EmbeddedRedis(disk / "redis", settings) as redis,
            running(2, redis_url=redis.url) as network,
        ):

            async def blow(people: Pairs) -> None:
                filler = fill(disk)
                if ends:
                    await until(lambda: not redis.running, 20, "the server to end")
                else:
                    await until(
                        lambda: _says(network, "it cannot write to its disk"), 20, "writes to be refused"
                    )
                shown = people.shown()
                await asyncio.sleep(QUIET)
                assert people.shown() <= shown + len(people.members), "nothing new is taken in meanwhile"
                filler.unlink()
                await redis.start()

            return await through(network, blow, seconds=12)


async def memory_full() -> Seen:
    """It may take no more memory, and refuses what would need some, until it may again."""
    async with running(2) as network, RedisClient(network.settings.redis_url or "") as client:

        async def blow(_: Pairs) -> None:
            await client.command("CONFIG", "SET", "maxmemory", "1mb")
            await until(lambda: _says(network, "raise maxmemory"), 20, "writes to be refused")
            await asyncio.sleep(QUIET)
            await client.command("CONFIG", "SET", "maxmemory", "0")

        return await through(network, blow)


async def failover() -> Seen:
    """The master is killed; three sentinels put one of its two replicas in its place."""
    async with _watched() as redis, running(2, redis_url=redis.url, durability="replica") as network:

        async def blow(_: Pairs) -> None:
            master = await redis.master()
            master.kill()
            await redis.failed_over(master)

        return await through(network, blow)


async def failover_fsync() -> Seen:
    """The same with the default way to be safe."""
    async with _watched() as redis, running(2, redis_url=redis.url) as network:

        async def blow(_: Pairs) -> None:
            master = await redis.master()
            master.kill()
            await redis.failed_over(master)

        return await through(network, blow)


async def frozen_master() -> Seen:
    """The master stops answering, loses its place, and wakes up believing that it has it."""
    async with _watched() as redis, running(2, redis_url=redis.url, durability="replica") as network:

        async def blow(_: Pairs) -> None:
            master = await redis.master()
            master.freeze()
            await redis.failed_over(master)
            master.thaw()

        return await through(network, blow, seconds=12)


async def alone() -> Seen:
    """The master is cut off from its replicas: nothing that it takes is confirmed."""
    async with _watched() as redis, running(2, redis_url=redis.url, durability="replica") as network:

        async def blow(people: Pairs) -> None:
            master = await redis.master()
            others = [node for node in redis.nodes if node is not master]
            for node in others:
                node.freeze()
            await until(
                lambda: _says(network, "the write is on 0 disks or replicas"), 20, "no write to be safe"
            )
            await asyncio.sleep(QUIET)
            shown = people.shown()
            await asyncio.sleep(QUIET)
            assert people.shown() == shown, "without its lease nobody sends"
            for node in others:
                node.thaw()

        return await through(network, blow, seconds=14)


async def split() -> Seen:
    """The master and a shard of each bot are cut off with one another; on the other side a master is chosen.

    The shards that were cut off stop before those of the other side begin, and what their master took
    meanwhile was confirmed to nobody.
    """
    async with (
        _watched() as redis,
        running(2, redis_url=redis.url, durability="replica", wait=False) as network,
    ):
        master = await redis.master()
        cut_off = [network.start_shard(bot, "cut", redis_url=master.url) for bot in network.bots]
        for bot in network.bots:
            network.kill(f"shard:{bot}")
        await network.serving()

        async def blow(people: Pairs) -> float:
            await master.cut_off()
            for bot in network.bots:
                network.start_shard(bot)
            await redis.failed_over(master)
            healed = time.monotonic()
            shown = people.shown()
            await until(lambda: people.shown() > shown, 30, "the other side to serve")
            await master.joined()
            await until(master.follows, 30, "the old master to follow the new one")
            held = [await network.figure(name, "duologue_lease_held") for name in cut_off]
            assert held == [0, 0], "who was cut off holds no lease"
            for name in cut_off:
                network.kill(name)
            return healed

        return await through(network, blow, seconds=20)


async def cable() -> Seen:
    """The master's cable is pulled: what is sent there vanishes. It comes back when another has its place."""
    with Cable() as cable, own_folder() as folder:
        async with (
            Watched(folder, host=cable.here, apart=(cable.there, cable.within)) as redis,
            running(2, redis_url=redis.url, durability="replica") as network,
        ):

            async def blow(people: Pairs) -> float:
                master = await redis.master()
                cable.pull()
                await redis.failed_over(master)
                healed = time.monotonic()
                shown = people.shown()
                await until(lambda: people.shown() > shown, 30, "the other side to serve")
                cable.plug()
                await until(master.follows, 30, "the old master to follow the new one")
                return healed

            return await through(network, blow, seconds=20)


async def cluster() -> Seen:
    """In a cluster of six the master of the conversations is killed, and started again as a replica."""
    async with _six_nodes() as redis, running(2, redis_url=redis.url) as network:

        async def blow(_: Pairs) -> None:
            key = f"{network.settings.key_prefix}{{match}}:lease"
            master = await redis.master_of(key)
            master.kill()
            await until(lambda: _moved(redis, key, master.port), 20, "its replica to take its place")
            await master.start()

        return await through(network, blow, seconds=12)


async def _moved(redis: SixNodes, key: str, port: int) -> bool:
    return (await redis.master_of(key)).port != port


@asynccontextmanager
async def _watched() -> AsyncIterator[Watched]:
    with own_folder() as folder:
        async with Watched(folder) as redis:
            yield redis


@asynccontextmanager
async def _six_nodes() -> AsyncIterator[SixNodes]:
    with own_folder() as folder:
        async with SixNodes(folder) as redis:
            yield redis


def _says(network: Network, words: str) -> bool:
    return any(words in network.log(name) for name in network.processes)


FAULTS: dict[str, Callable[[], Coroutine[Any, Any, Seen]]] = {
    "redis-restart": restart,
    "redis-forgets": forgets,
    "redis-empty": empty,
    "redis-disk-full": disk_full_always,
    "redis-disk-full-everysec": disk_full_everysec,
    "redis-memory-full": memory_full,
    "redis-failover": failover,
    "redis-failover-fsync": failover_fsync,
    "redis-frozen-master": frozen_master,
    "redis-alone": alone,
    "redis-split": split,
    "redis-cable": cable,
    "redis-cluster": cluster,
}
