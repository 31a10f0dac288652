"""Waiting until the people of a bot that goes have been moved to others."""

import asyncio
import time

from core.domain.errors import DuologueError, RedisAway
from core.domain.ids import BotId, TicketId
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.estates import Estate
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams

LONGEST_SECONDS = 60.0
LEADERLESS_SECONDS = 10.0
"""Whoever leads next does so sooner: a lease runs out, or a process starts again."""

LOOK_SECONDS = 0.2
AT_ONCE = 1_000


class NotMoved(DuologueError):
    """People are left at the bot, or somebody serves it."""

    def __init__(self, bot: BotId, why: str) -> None:
        super().__init__(f"bot {bot} was not removed: {why}, then say `duologue bots remove {bot}` again")


class Leftovers:
    """What Redis tells of one bot. All raise RedisAway."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId) -> None:
        self._client = client
        self._keys = keys
        self._bot = bot
        self._fleet = Fleet(client, keys)
        self._conversations = Conversations(client, keys, Streams(client, keys))
        self._estate = Estate(client, keys, bot)

    async def leader(self) -> str:
        """The coordinator that leads; "" where none does."""
        return await self._holder(self._keys.match_lease)

    async def server(self) -> str:
        """The process that holds the bot's lease, for a move the leader; "" where none does."""
        return await self._holder(self._keys.lease(self._bot))

    async def people(self) -> bool:
        """Whether anybody talks or waits there or has anything coming, or a move came to no end."""
        if (await self._fleet.chatting()).get(self._bot, 0) > 0 or await self._estate.half_shut():
            return True
        if (await self._fleet.backlogs([self._bot], 0))[self._bot].entries > 0:
            return True
        after: TicketId | None = None
        while page := await self._conversations.waiting(after, AT_ONCE, block_ms=1):
            if any(ticket.bot == self._bot for ticket in page):
                return True
            after = page[-1].id
        return False

    async def _holder(self, lease: str) -> str:
        held = await self._client.command("GET", lease)
        return held.decode().partition(" ")[2] if held else ""


async def moved(redis_url: str, keys: Keys, bot: BotId) -> bool:
    """Return when nobody serves the bot and nobody is left there; whether there was anybody.

    Raises NotMoved, which says what to do.
    """
    found = False
    led = began = time.monotonic()
    async with RedisClient(redis_url, connections=1) as client:
        left = Leftovers(client, keys, bot)
        while True:
            now = time.monotonic()
            try:
                leader, server, people = await left.leader(), await left.server(), await left.people()
            except RedisAway as error:
                led, why = now, f"{error}: see that it does"
            else:
                if not (server or people):
                    return found
                found = found or people
                led = now if leader else led
                if server not in ("", leader):
                    why = f"{server} still serves it, so nobody can be moved: stop that process"
                elif leader or now - led < LEADERLESS_SECONDS:
                    why = "its people are not all moved yet: wait a little"
                else:
                    raise NotMoved(bot, "no coordinator leads, who would move its people: start one")
            if now - began >= LONGEST_SECONDS:
                raise NotMoved(bot, why)
            await asyncio.sleep(LOOK_SECONDS)
