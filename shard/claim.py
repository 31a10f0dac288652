"""How a shard comes to serve its bot: the token opened, the lease taken, with patience.

Stores may be away when a shard starts, and another process may hold the lease: then it waits,
says once what for, and goes on as soon as it can.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from core.domain.errors import DuologueError, LeaseTaken, StaleEpoch, StoreAway
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.state.postgres.bots import Bots
from core.state.postgres.epochs import Epochs
from core.state.redis.leases import Lease
from core.state.redis.streams import Inbox

RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)

_Got = TypeVar("_Got")


class BotQuarantined(DuologueError):
    """The bot is not to be served: its people are, or will be, elsewhere."""

    def __init__(self, bot: BotId, reason: str) -> None:
        super().__init__(
            f"bot {bot} is quarantined ({reason}): put in a new token with `duologue bots rotate`, "
            "or remove the bot"
        )


class TokenReplaced(DuologueError):
    """What this process served with is of no use any more, and the bot has something newer."""

    def __init__(self, bot: BotId) -> None:
        super().__init__(f"bot {bot} has another token by now: the next start of its shard takes that one")


async def claim(
    bot: BotId,
    bots: Bots,
    epochs: Epochs,
    lease: Lease,
    inbox: Inbox,
    stop: asyncio.Event,
) -> str | None:
    """The bot's token, once this process may serve it; None when told to stop before.

    Its stream is open then, also where the bot was gone before: nothing that is for it goes elsewhere.

    Raises BotUnknown, BotQuarantined, WrongKey: waiting would not help.
    """

    async def opened() -> str:
        row = await bots.get(bot)
        if row.state is BotState.QUARANTINED:
            raise BotQuarantined(bot, row.reason)
        return await bots.token(bot)

    async def take() -> bool:
        await lease.take(lambda above: epochs.next(f"bot:{bot}", above=above))
        await inbox.open_gate(lease.epoch)
        return True

    token = await _patiently(stop, opened)
    if token is None or await _patiently(stop, take) is None:
        return None
    return token


async def forgotten(lease: Lease, stop: asyncio.Event) -> bool:
    """Whether the lease that was lost went to nobody: Redis lost it. True also when told to stop."""
    return await _patiently(stop, lease.forgotten) is not False


async def quarantine(bots: Bots, bot: BotId, token: str, lease: Lease, reason: str) -> None:
    """The token is of no use: nobody should try to serve this bot until it has another one.

    The lease is given back, so that whoever leads can move the people at once. Raises TokenReplaced
    where it has another one already: the next process serves with that. Raises BotUnknown.
    """
    try:
        try:
            replaced = not await bots.quarantine(bot, token, reason)
        finally:
            await lease.release()
    except StoreAway as error:
        log.warning("the quarantine could not be written down", why=str(error))
    else:
        if replaced:
            raise TokenReplaced(bot)


async def _patiently(stop: asyncio.Event, ask: Callable[[], Awaitable[_Got]]) -> _Got | None:
    """Ask until there is an answer; None when told to stop before. Each reason to wait is said once."""
    said = ""
    while not stop.is_set():
        wait = RETRY_SECONDS
        try:
            return await ask()
        except LeaseTaken as taken:
            reason = f"{taken.name} is served by {taken.holder}"
            wait = min(max(taken.wait_ms, 50) / 1000, RETRY_SECONDS)
        except (StoreAway, StaleEpoch) as error:
            reason = str(error)
        if reason != said:
            said = reason
            log.warning("not serving yet", why=reason)
        await _pause(stop, wait)
    return None


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
