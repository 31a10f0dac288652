"""People's rows as all processes share them, and the news that one has changed.

The newer version of a row stays, whoever writes it and when: so neither a reader that fetched
just before a change nor two writers that overtake each other leave an old row behind. A row says
when PostgreSQL was last asked for it; how long that is good for, the reader decides.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec
from redis import exceptions
from redis.asyncio.client import PubSub

from core.domain.errors import RedisAway
from core.domain.ids import PersonId
from core.domain.person import Person
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import Script

KEPT_MS = 24 * 3600 * 1000
PING_SECONDS = 1.0
"""A channel that is silent this long is asked whether it lives, and given up after as long again."""
RETRY_SECONDS = 0.2

PERSON_PUT = Script("person_put")

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Person)


class Channel(Enum):
    """Whether changes are heard."""

    OPEN = 1
    """From now on; what was before may have been missed."""
    LOST = 2


class Change(NamedTuple):
    """A person has changed, and is now at that version."""

    person: PersonId
    version: int


class Cached(NamedTuple):
    """A row, and when PostgreSQL was asked for it, in milliseconds since 1970."""

    row: Person
    asked_at: int


class PeopleCache:
    """`{user:<id>}` and the channel of changes."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def get_many(self, people: Sequence[PersonId]) -> dict[PersonId, Cached]:
        """Those whose rows are here, in one round trip. Raises RedisAway."""
        replies = await self._client.pipeline([("GET", self._keys.user(person)) for person in people])
        return {
            person: cached
            for person, raw in zip(people, replies, strict=True)
            if raw is not None and (cached := _decode(raw)) is not None
        }

    async def fill(self, people: Iterable[Person], asked_at: int) -> None:
        """Put rows that were fetched. Raises RedisAway."""
        calls = [(PERSON_PUT, (self._keys.user(p.id),), (*_encode(p, asked_at), "", "")) for p in people]
        if calls:
            await self._client.run_many(calls)

    async def change(self, person: Person, asked_at: int) -> bool:
        """Put a changed row and tell every process; False where a newer one stands. Raises RedisAway."""
        news = f"{person.id} {person.version}"
        reply = await self._client.run(
            PERSON_PUT,
            (self._keys.user(person.id),),
            (*_encode(person, asked_at), self._keys.people_changed, news),
        )
        return bool(reply)

    async def changes(self) -> AsyncIterator[Change | Channel]:
        """Who has changed, as it happens, and whether one hears of it. Never ends."""
        while True:
            try:
                async with await self._client.pubsub() as channel:
                    await channel.subscribe(self._keys.people_changed)
                    async for news in _heard(channel):
                        yield news
            except (RedisAway, exceptions.RedisError, OSError):
                yield Channel.LOST
                await asyncio.sleep(RETRY_SECONDS)


async def _heard(channel: PubSub) -> AsyncIterator[Change | Channel]:
    """What a subscription says; ends with an error when it is cut, also silently."""
    asked = False
    while True:
        message = await channel.get_message(timeout=PING_SECONDS)
        if message is None:
            if asked:
                raise RedisAway("the channel of changes does not answer")
            await channel.ping()
            asked = True
            continue
        asked = False
        if message["type"] == "subscribe":
            yield Channel.OPEN
        elif message["type"] == "message" and (change := _change(message["data"])) is not None:
            yield change


def _change(data: bytes) -> Change | None:
    """None for what no process of ours has said."""
    try:
        person, version = data.split()
        return Change(PersonId(int(person)), int(version))
    except ValueError:
        return None


def _encode(person: Person, asked_at: int) -> tuple[int, bytes, int]:
    return person.version, b"%d %d %b" % (person.version, asked_at, _encoder.encode(person)), KEPT_MS


def _decode(raw: bytes) -> Cached | None:
    """None for a row of another form: it is fetched anew."""
    try:
        _, asked_at, row = raw.split(b" ", 2)
        return Cached(_decoder.decode(row), int(asked_at))
    except (ValueError, msgspec.MsgspecError):
        return None
