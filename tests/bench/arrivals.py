"""The shards of `bench match`: a process of its own that has people press the button.

Asked `first people rate` (rate 0: as fast as it can), it has so many people, numbered from `first`, ask
for a partner, and answers when each got their ticket (Redis' clock, ms) and the CPU time that it used.
"""

import asyncio
import sys
import time
from collections.abc import Sequence

from core.domain.ids import BotId, Epoch, PersonId
from core.state.redis.client import Argument, RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import FIND, Script
from tests.bench.child import answer

BOTS = 34
AT_ONCE = 50
"""People of one round trip; as many round trips are under way as there are SENDERS."""
SENDERS = 4
EPOCH = Epoch(1)


def bot_of(person: PersonId) -> BotId:
    """Who serves that person."""
    return BotId(person % BOTS + 1)


class Arrivals:
    """People come to a `{match}` by the shards' own script."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def come(self, first: int, people: int, rate: float = 0.0) -> list[int]:
        """So many people ask, all at once or at a rate; when each got their ticket."""
        at: list[int] = [0] * people
        parts = iter([range(n, min(n + AT_ONCE, people)) for n in range(0, people, AT_ONCE)])
        begin = time.monotonic()

        async def send() -> None:
            for part in parts:
                if rate:
                    await asyncio.sleep(begin + part.stop / rate - time.monotonic())
                tickets = await self._find([PersonId(first + n) for n in part])
                at[part.start : part.stop] = tickets

        await asyncio.gather(*(send() for _ in range(SENDERS)))
        return at

    async def _find(self, people: Sequence[PersonId]) -> list[int]:
        keys = self._keys
        calls: list[tuple[Script, Sequence[str], Sequence[Argument]]] = [
            (
                FIND,
                (keys.person(person), keys.tickets, keys.match_fences),
                (bot_of(person), EPOCH, 1, person),
            )
            for person in people
        ]
        replies = await self._client.run_many(calls, safe=True)
        # The words that a shard appends to its own stream, with all others, are its own affair.
        return [int(reply.split(b" ")[3].split(b"-")[0]) for reply in replies]


async def _serve(url: str, prefix: str) -> None:
    async with RedisClient(url) as client:
        await client.open()
        arrivals = Arrivals(client, Keys(prefix))

        async def respond(words: list[str]) -> object:
            first, people, rate = words
            spent = time.process_time()
            at = await arrivals.come(int(first), int(people), float(rate))
            return {"at": at, "cpu": time.process_time() - spent}

        await answer(respond)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
