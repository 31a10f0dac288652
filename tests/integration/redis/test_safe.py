"""What counts as safe while the only replica is cut off: real servers, and a new connection for every try."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from core.domain.errors import RedisAway
from core.domain.ids import BotId, Epoch, PersonId, UpdateId
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Asker, Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Append, Source, Streams
from tests.harness.redis_sets import Node
from tests.harness.waiting import until

BOT = BotId(11)
IDLE, SEARCHING, LEAVING, BUSY, ENDED = (PersonId(person) for person in range(101, 106))
NOBODY, FIRST, NEXT = PersonId(0), UpdateId(5), UpdateId(6)
EPOCH = Epoch(1)
NOW = 1_700_000_000_000

Try = Callable[[RedisClient], Awaitable[object]]


@pytest.fixture
async def master(server_folder: Path) -> AsyncIterator[Node]:
    async with Node(server_folder / "safe-master", {"masteruser": "default"}) as node:
        yield node


@pytest.fixture
async def replica(server_folder: Path, master: Node) -> AsyncIterator[Node]:
    follows = {"masteruser": "default", "replicaof": f"{master.host} {master.port}"}
    async with Node(server_folder / "safe-replica", follows) as node:
        await until(node.follows, 20, "the replica to follow")
        yield node
        node.thaw()


async def test_a_repeat_is_safe_only_once_what_it_repeats_is(master: Node, replica: Node, keys: Keys) -> None:
    def conversations(client: RedisClient) -> Conversations:
        return Conversations(client, keys, Streams(client, keys))

    def append(*members: str) -> Try:
        some = [Append(BOT, member, b"payload") for member in members]
        return lambda client: Streams(client, keys).append(Source("22", EPOCH), some, NOW)

    def find(person: PersonId, update: UpdateId = FIRST) -> Try:
        return lambda client: conversations(client).find(Asker(person, BOT, EPOCH, update))

    def leave(person: PersonId, update: UpdateId = FIRST, *, search: bool = False) -> Try:
        asker = Asker(person, BOT, EPOCH, update)
        return lambda client: conversations(client).leave(asker, NOBODY, search=search)

    tries: dict[str, Try] = {
        "append": append("1", "2"),
        "find": find(SEARCHING),
        "find of somebody who searches": find(BUSY, NEXT),
        "leave": leave(LEAVING, NEXT),
        "leave of somebody idle": leave(IDLE),
        "next of somebody who searches": leave(BUSY, UpdateId(7), search=True),
        "leave that the shard asks for": leave(ENDED, UpdateId(0)),
    }

    async def refused(attempt: Try) -> bool:
        async with RedisClient(master.url, "replica") as client:
            try:
                await attempt(client)
            except RedisAway as error:
                if "0 disks or replicas" not in str(error):
                    raise
                return True
            return False

    async def all_refused() -> dict[str, bool]:
        return dict(zip(tries, await asyncio.gather(*map(refused, tries.values())), strict=True))

    for before in (find(LEAVING), find(BUSY), find(ENDED)):
        assert not await refused(before)
    replica.freeze()
    assert await all_refused() == dict.fromkeys(tries, True), "the first time"
    assert await all_refused() == dict.fromkeys(tries, True), "as a repeat"
    replica.thaw()

    async def none_refused() -> bool:
        return not any((await all_refused()).values())

    await until(none_refused, 30, "the repeats to be safe")
