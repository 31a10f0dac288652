"""Somebody who asks for something leaves nothing behind in the shard, however many do."""

import gc
from collections import Counter as Count
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from core.domain import envelope as envelopes
from core.domain.envelope import Notice
from core.domain.ids import BotId, Epoch
from core.domain.seal import Seal
from core.service.clock import SystemClock
from core.state.moderation import Moderation
from core.state.people import People
from core.state.postgres.broadcasts import Broadcasts
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.postgres.reports import Reports
from core.state.redis.agreements import Agreements
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.message_map import MessageMap
from core.state.redis.people_cache import PeopleCache
from core.state.redis.streams import START, Inbox, Streams
from shard.inbound.admission import Admission
from shard.inbound.desk import Counter
from shard.inbound.handling import Handling, mute_bot
from shard.inbound.overview import Overview
from shard.inbound.updates import updates
from shard.standings import Standings

HERE = BotId(11)
WORDS = "/help for somebody who left nothing"


@pytest.fixture
async def handling(client: RedisClient, keys: Keys, database_url: str) -> AsyncIterator[Handling]:
    async def epoch(_: Epoch) -> Epoch:
        return Epoch(1)

    async def call(*_: Any, **__: Any) -> Any:
        raise AssertionError("nobody calls Telegram here")

    clock, seal = SystemClock(), Seal(HERE, "s" * 32)
    async with Database(database_url, size=2) as database:
        lease = Lease.of_shard(client, clock, keys, HERE, "test")
        await lease.take(epoch)
        streams, fleet = Streams(client, keys), Fleet(client, keys)
        conversations = Conversations(client, keys, streams)
        people, reports = (
            People(PeopleTable(database), PeopleCache(client, keys), clock),
            Reports(database, None),
        )
        counter = Counter(
            *(HERE, lease, streams, conversations, Standings(conversations, clock, HERE)),
            *(call, clock, lambda work: None),
        )
        yield Handling(
            mute_bot(f"{HERE}:none"),
            counter,
            Admission(HERE, people, Reach(database), reports, fleet, seal, clock),
            people,
            Overview(fleet, clock),
            Broadcasts(database),
            Moderation(people, reports, conversations, streams, clock),
            MessageMap(client, keys),
            seal,
            Agreements(client, keys),
            frozenset(),
        )


def _asks(number: int) -> dict[str, Any]:
    somebody = {"id": 1_000 + number, "is_bot": False, "first_name": "Somebody"}
    entities = [{"type": "bot_command", "offset": 0, "length": 5}]
    chat = {"id": somebody["id"], "type": "private"}
    message = {"message_id": 7, "date": 1_700_000_000, "chat": chat, "from": somebody, "text": WORDS}
    return {"update_id": number, "message": message | {"entities": entities}}


async def test_who_asks_leaves_nothing(handling: Handling, client: RedisClient, keys: Keys) -> None:
    async def ask(numbers: range) -> Count[str]:
        for number in numbers:
            raw = msgspec.Raw(msgspec.json.encode(_asks(number)))
            await handling.handle(updates.decode(raw), raw)
        gc.collect()
        return Count(type(one).__name__ for one in gc.get_objects())

    before = await ask(range(20))
    more = await ask(range(20, 220)) - before
    assert all(many < 50 for many in more.values()), more.most_common(5)
    assert not any(type(one).__module__ == "aiogram.types.message" for one in gc.get_objects())
    entries = await Inbox(client, keys, HERE).read(START, 1_000)
    bodies = [envelopes.decode(entry.payload).body for entry in entries]
    assert len(bodies) == 220
    assert all(isinstance(body, Notice) and body.key == "help" for body in bodies)
