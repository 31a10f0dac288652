"""What a desk says of a search, whichever process comes to say it, and what the shard knows then."""

from collections.abc import Coroutine
from typing import Any

import pytest

from core.domain.conversation import Change, Standing
from core.domain.envelope import Happening, decode
from core.domain.ids import BotId, ConversationId, Epoch, MessageId, PersonId, UpdateId
from core.domain.ticket import Pairing
from core.service.clock import SystemClock
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.streams import START, Inbox, Streams
from shard.inbound.desk import Counter, Desk
from shard.standings import KEPT_SECONDS, Standings

BOT, A, B = BotId(11), PersonId(1), PersonId(2)
TALK = ConversationId(1)


class Shard:
    """A process after another: what it remembers is its own, what it says is in Redis."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self.inbox = Inbox(client, keys, BOT)
        streams, clock = Streams(client, keys), SystemClock()
        self.conversations = Conversations(client, keys, streams)
        lease = Lease.of_shard(client, clock, keys, BOT, "holder")
        self.standings = Standings(self.conversations, clock, BOT)
        self._counter = Counter(
            *(BOT, lease, streams, self.conversations, self.standings, _no_call, clock, _no_task)
        )

    def desk(self, person: PersonId, update: int) -> Desk:
        return self._counter.desk(person, UpdateId(update))

    async def said(self) -> list[tuple[PersonId, Change]]:
        if not (await self.inbox.look()).waiting:
            return []
        read = [decode(entry.payload) for entry in await self.inbox.read(START, 100, block_ms=1)]
        return [(one.to, one.body.change) for one in read if isinstance(one.body, Happening)]


class HandClock(SystemClock):
    """A clock that is moved by hand."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


async def _no_call(method: str, *_: Any, **__: Any) -> Any:
    raise AssertionError(f"{method} was called")


def _no_task(work: Coroutine[Any, Any, None]) -> object:
    raise AssertionError(f"{work} was begun")


@pytest.fixture
def shards(client: RedisClient, keys: Keys) -> tuple[Shard, Shard]:
    return Shard(client, keys), Shard(client, keys)


async def _match(shard: Shard, client: RedisClient, keys: Keys) -> None:
    """Both search by update 7, and are found for each other; nobody is told yet."""
    await client.command("SET", keys.match_epoch, 1)
    for person in (A, B):
        await shard.desk(person, 7).find()
    tickets = await shard.conversations.waiting(None, 10, block_ms=1)
    await shard.conversations.match(Epoch(1), [Pairing(TALK, *tickets)])


async def test_who_searches_is_told_by_the_next_process_where_this_one_dies(
    shards: tuple[Shard, Shard],
) -> None:
    dying, following = shards
    await dying.desk(A, 7).find()
    assert await dying.said() == []
    for _ in range(2):
        desk = following.desk(A, 7)
        assert (await desk.find()).repeated
        await desk.close()
    assert await following.said() == [(A, Change.SEARCHING)]


async def test_who_has_found_somebody_by_then_is_not_told_of_the_search(
    shards: tuple[Shard, Shard], client: RedisClient, keys: Keys
) -> None:
    dying, following = shards
    await _match(dying, client, keys)
    desk = following.desk(A, 7)
    assert (await desk.find()).repeated
    await desk.close()
    assert await following.said() == []


@pytest.mark.parametrize("update", [7, 8])
async def test_what_comes_again_after_a_search_is_not_meant_for_whom_it_found(
    shards: tuple[Shard, Shard], client: RedisClient, keys: Keys, update: int
) -> None:
    dying, following = shards
    await _match(dying, client, keys)
    # The same search again, or another: somebody was found, of whom nothing is told yet.
    assert not (await following.desk(A, update).find()).changed
    assert not following.standings.is_meant(A, TALK, MessageId(500))
    await following.standings.load([A])
    assert not following.standings.is_meant(A, TALK, MessageId(500))


async def test_a_search_in_a_chat_of_which_the_process_before_told_changes_nothing(
    shards: tuple[Shard, Shard], client: RedisClient, keys: Keys
) -> None:
    dying, following = shards
    # What this process has heard is older than what the one before has done.
    await following.standings.load([A])
    await _match(dying, client, keys)
    await client.run(*dying.conversations.told(A, BOT, TALK, MessageId(499)))
    assert not (await following.desk(A, 8).find()).changed
    await following.standings.load([A])
    assert [following.standings.is_meant(A, TALK, MessageId(of)) for of in (499, 500)] == [False, True]


async def test_what_was_loaded_is_not_forgotten_before_it_is_looked_at(
    client: RedisClient, keys: Keys
) -> None:
    clock = HandClock()
    standings = Standings(Conversations(client, keys, Streams(client, keys)), clock, BOT)
    await standings.load([A])
    clock.now += 10 * KEPT_SECONDS
    assert standings.get(A) == Standing()
    await standings.load([B])
    assert standings.get(A) is None


async def test_a_second_find_does_not_tell_again_of_the_first(shards: tuple[Shard, Shard]) -> None:
    one, _ = shards
    for update in (7, 8):
        desk = one.desk(A, update)
        await desk.find()
        await desk.close()
    assert await one.said() == [(A, Change.SEARCHING)]
