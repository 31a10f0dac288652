"""Commands as a shard works through them: what they leave behind in it, and whom they are about."""

import gc
from collections import Counter as Count
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from aiogram.types import Message

from core.domain import envelope as envelopes
from core.domain.envelope import Notice
from core.domain.ids import BotId, ConversationId, Epoch, MessageId, PersonId
from core.domain.seal import Seal
from core.domain.ticket import Pairing
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
ME, PARTNER = PersonId(1), PersonId(2)
WORDS = "/help for somebody who left nothing"


@dataclass(frozen=True)
class House:
    """A shard's handlers, and what they work on."""

    handling: Handling
    client: RedisClient
    keys: Keys
    conversations: Conversations
    standings: Standings
    people: People
    reports: Reports

    async def ask(self, number: int, person: PersonId, text: str, message: int = 7) -> None:
        raw = msgspec.Raw(msgspec.json.encode(_typed(number, person, text, message)))
        await self.handling.handle(updates.decode(raw), raw)

    async def said(self) -> list[str]:
        entries = await Inbox(self.client, self.keys, HERE).read(START, 1_000)
        bodies = [envelopes.decode(entry.payload).body for entry in entries]
        return [body.key for body in bodies if isinstance(body, Notice)]


@pytest.fixture
async def house(client: RedisClient, keys: Keys, database_url: str) -> AsyncIterator[House]:
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
        people = People(PeopleTable(database), PeopleCache(client, keys), clock)
        reports, standings = Reports(database, None), Standings(conversations, clock, HERE)
        counter = Counter(*(HERE, lease, streams, conversations, standings, call, clock, lambda work: None))
        handling = Handling(
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
        yield House(handling, client, keys, conversations, standings, people, reports)


def _typed(number: int, person: PersonId, text: str, message: int) -> dict[str, Any]:
    somebody = {"id": person, "is_bot": False, "first_name": "Somebody"}
    command = {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
    chat = {"id": person, "type": "private"}
    what = {"message_id": message, "date": 1_700_000_000, "chat": chat, "from": somebody, "text": text}
    return {"update_id": number, "message": what | {"entities": [command]}}


async def test_who_asks_leaves_nothing(house: House) -> None:
    async def ask(numbers: range) -> Count[str]:
        for number in numbers:
            await house.ask(number, PersonId(1_000 + number), WORDS)
        gc.collect()
        return Count(type(one).__name__ for one in gc.get_objects())

    before = await ask(range(20))
    more = await ask(range(20, 220)) - before
    assert all(many < 50 for many in more.values()), more.most_common(5)
    messages = [one for one in gc.get_objects() if isinstance(one, Message)]
    assert not any(getattr(one, "text", "") == WORDS for one in messages), "what people wrote is kept"
    assert await house.said() == ["help"] * 220


async def test_a_report_is_about_nobody_of_whom_its_writer_did_not_know(house: House) -> None:
    """It was typed while searching, about the partner before, and is worked through after the match."""
    for number, person in enumerate((ME, PARTNER), 1):
        await house.people.consent(person, "en", HERE)
        await house.ask(number, person, "/find")
    await house.client.command("SET", house.keys.match_epoch, 1)
    tickets = await house.conversations.waiting(None, 2, block_ms=1)
    talk = ConversationId(7)
    [matched] = await house.conversations.match(Epoch(1), [Pairing(talk, *tickets)])
    for event in matched.events:
        house.standings.learn(event.person, event.standing)
        house.standings.opens(event.person, talk)
    await house.ask(3, ME, "/report before the words were shown", message=9)
    house.standings.opened(ME, talk, MessageId(10))
    await house.ask(4, ME, "/report before them in the chat", message=9)
    assert await house.reports.open(5) == []
    await house.ask(5, ME, "/report after them", message=11)
    assert [one.person for one in await house.reports.open(5)] == [PARTNER]
    assert (await house.said())[-3:] == ["report_early", "report_early", "reported"]
