"""Waiting until the people of a bot that goes have been moved to others."""

import asyncio
import time

from config.settings import Settings
from core.domain.errors import RedisAway
from core.domain.ids import BotId, TicketId
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams

LONGEST_SECONDS = 60.0
LOOK_SECONDS = 0.2
AT_ONCE = 1_000


async def moved(settings: Settings, bot: BotId) -> bool:
    """Whether nobody is left at that bot in the end; False where nobody leads who could move them."""
    if settings.redis_url is None:
        return False
    keys = Keys(settings.key_prefix)
    end = time.monotonic() + LONGEST_SECONDS
    async with RedisClient(settings.redis_url, settings.durability, connections=1) as client:
        fleet, conversations = Fleet(client, keys), Conversations(client, keys, Streams(client, keys))
        try:
            while time.monotonic() < end and await client.command("EXISTS", keys.match_lease):
                if await _is_empty(fleet, conversations, bot):
                    return True
                await asyncio.sleep(LOOK_SECONDS)
        except RedisAway:
            return False
    return False


async def _is_empty(fleet: Fleet, conversations: Conversations, bot: BotId) -> bool:
    """Nobody serves it, talks or waits there, or has anything coming."""
    if await fleet.served([bot]) or (await fleet.chatting()).get(bot, 0) > 0:
        return False
    if (await fleet.backlogs([bot], 0))[bot].entries > 0:
        return False
    after: TicketId | None = None
    while page := await conversations.waiting(after, AT_ONCE, block_ms=1):
        if any(ticket.bot == bot for ticket in page):
            return False
        after = page[-1].id
    return True
