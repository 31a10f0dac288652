"""People's rows as all processes share them, and the news that one has changed.

A reader fills in only where nothing stands (NX), a writer overwrites and tells everybody: so an
old row that a reader fetched just before the change never covers the new one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec
from redis import exceptions

from core.domain.errors import RedisAway
from core.domain.ids import PersonId
from core.domain.person import Person
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys

KEPT_MS = 24 * 3600 * 1000

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Person)


class PeopleCache:
    """`{user:<id>}` and the channel of changes."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def get_many(self, people: Sequence[PersonId]) -> dict[PersonId, Person]:
        """Those whose rows are here, in one round trip. Raises RedisAway."""
        replies = await self._client.pipeline([("GET", self._keys.user(person)) for person in people])
        return {
            person: row
            for person, raw in zip(people, replies, strict=True)
            if raw is not None and (row := _decode(raw)) is not None
        }

    async def fill(self, people: Iterable[Person]) -> None:
        """Put rows where none stand. Raises RedisAway."""
        commands = [("SET", self._keys.user(p.id), _encoder.encode(p), "PX", KEPT_MS, "NX") for p in people]
        if commands:
            await self._client.pipeline(commands)

    async def change(self, person: Person) -> None:
        """Put a changed row and tell every process. Raises RedisAway."""
        await self._client.pipeline(
            [
                ("SET", self._keys.user(person.id), _encoder.encode(person), "PX", KEPT_MS),
                ("PUBLISH", self._keys.people_changed, str(person.id)),
            ]
        )

    async def changes(self) -> AsyncIterator[PersonId | None]:
        """Who has changed, as it happens; None whenever something may have been missed. Never ends."""
        while True:
            try:
                async with self._client.pubsub() as channel:
                    await channel.subscribe(self._keys.people_changed)
                    yield None
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=30)
                        if message is not None:
                            yield PersonId(int(message["data"]))
            except (RedisAway, exceptions.RedisError, OSError):
                await asyncio.sleep(0.2)


def _decode(raw: bytes) -> Person | None:
    """None for a row of another version: it is fetched anew."""
    try:
        return _decoder.decode(raw)
    except msgspec.MsgspecError:
        return None
