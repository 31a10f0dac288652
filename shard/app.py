"""Puts a shard together, keeps it, stops it in order. The only place of a shard that builds things.

Order of the end: no further batch is polled; what was taken in is finished and confirmed; what
lies in the lanes stays in Redis; calls under way are answered and acknowledged; the lease is
given back.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import structlog
from aiogram import Bot

from config.settings import Settings
from core.domain.errors import DuologueError, LeaseTaken, StaleEpoch, StoreAway
from core.domain.fleet import BotState
from core.domain.ids import BotId, Epoch
from core.service import failpoints, health, metrics
from core.service.clock import SystemClock
from core.service.log import configure
from core.service.outages import Outages
from core.service.run import Done, run_process
from core.state.people import People
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.epochs import Epochs
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.postgres.reports import Reports
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.file_memory import FileMemory
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.message_map import MessageMap
from core.state.redis.people_cache import PeopleCache
from core.state.redis.streams import Inbox, Streams
from shard.files import FileDoor, FileSource, Signer
from shard.inbound.admission import Admission
from shard.inbound.desk import Counter
from shard.inbound.handling import Handling
from shard.inbound.intake import Intake
from shard.inbound.overview import Overview
from shard.inbound.polling import Poller
from shard.outbound.bounce import Bouncer
from shard.outbound.crossing import Crossing
from shard.outbound.direct import Direct
from shard.outbound.inbox import Acknowledger, InboxReader
from shard.outbound.lanes import ALBUM_MOST, Lanes
from shard.outbound.media import Media
from shard.outbound.pacing import Budget
from shard.outbound.sender import Sender
from shard.profile import present
from shard.report import Reporter
from shard.standings import Standings
from shard.telegram import Telegram, TokenRefused
from shard.vault import Vaults

DRAIN_SECONDS = 5.0
RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)


def main(settings: Settings, bot_id: int, metrics_port: int) -> None:
    """Serve one bot until told to stop. Exits with 1 and a clear line where it cannot."""
    bot = BotId(bot_id)
    failpoints.arm(settings.failpoints)
    configure(f"shard {bot}", settings.log_level, settings.log_format)
    code = run_process(lambda stop: run(settings, bot, metrics_port, stop))
    if code:
        raise SystemExit(code)


async def run(settings: Settings, bot: BotId, metrics_port: int, stop: asyncio.Event) -> None:
    """Take the lease, serve, give it back. Raises StaleEpoch when another took over, TokenRefused."""
    if settings.database_url is None or settings.redis_url is None or settings.secret_key is None:
        raise DuologueError(
            "a shard needs DUOLOGUE_DATABASE_URL, DUOLOGUE_REDIS_URL and DUOLOGUE_SECRET_KEY "
            "(`duologue up` starts servers of its own and sets them)"
        )
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        keys = Keys(settings.key_prefix)
        database = await stack.enter_async_context(Database(settings.database_url))
        client = await stack.enter_async_context(RedisClient(settings.redis_url, settings.durability))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=75))
        )
        bots = Bots(database, TokenCipher(settings.secret_key.get_secret_value()))
        holder = f"{socket.gethostname()}:{os.getpid()}"
        lease = Lease.of_shard(client, clock, keys, bot, holder)
        app = health.application(lambda: (lease.valid(), f"bot {bot}, epoch {lease.epoch}"))
        doors: list[FileDoor] = []
        app.router.add_get("/file/{file_id}", lambda request: doors[0].handle(request))
        app.router.add_get("/vault/{file_id}", lambda request: doors[0].handle_vault(request))
        port = await stack.enter_async_context(health.serve(app, settings.listen_host, metrics_port))
        token = await _patiently(stop, lambda: bots.token(bot))
        if token is None or not await _take(lease, client, Epochs(database), bot, stop):
            return
        telegram = Telegram(session, settings.telegram_api_url, token)
        budget = Budget(clock, settings.send_rate)
        direct = Direct(telegram, budget)
        signer = Signer(settings.secret_key.get_secret_value(), clock)
        vaults = Vaults(settings.vault_channels, clock)
        doors.append(FileDoor(telegram, direct.call, signer, vaults))
        fleet = Fleet(client, keys)
        streams = Streams(client, keys)
        inbox = Inbox(client, keys, bot)
        conversations = Conversations(client, keys, streams)
        standings = Standings(conversations, clock)
        people = People(PeopleTable(database), PeopleCache(client, keys))
        wake = asyncio.Event()
        lanes = Lanes(album_most=min(ALBUM_MOST, int(settings.send_rate)))
        outages = Outages(clock)
        acknowledger = Acknowledger(inbox, lease, outages)
        bouncer = Bouncer(bot, lease, streams, clock)
        reader = InboxReader(inbox, lease, lanes, standings, bouncer, acknowledger, clock, wake, outages)
        messages = MessageMap(client, keys)
        source = FileSource(session, fleet, signer)
        media = Media(bot, direct.call, source, FileMemory(client, keys, bot), vaults)
        crossing = Crossing(people, messages, media)
        sender = Sender(
            *(bot, telegram, budget, lease, inbox, lanes, acknowledger, bouncer, standings),
            *(conversations, crossing, media, clock, wake),
        )
        file_url = f"http://{settings.listen_host}:{port}"
        reporter = Reporter(bot, lease, inbox, lanes, budget, standings, fleet, clock, file_url)
        metrics.BUDGET_CAP.set(settings.send_rate)
        try:
            async with asyncio.TaskGroup() as parts:
                counter = Counter(
                    *(bot, lease, streams, conversations, standings),
                    *(direct.call, clock, parts.create_task),
                )
                admission = Admission(bot, people, Reach(database), Reports(database), fleet, clock)
                overview = Overview(fleet, clock, frozenset(settings.admin_ids))
                handling = Handling(Bot(token), counter, admission, people, overview, messages)
                intake = Intake(bot, lease, streams, standings, messages, clock, handling.handle)
                poller = Poller(telegram, lease, intake, clock)
                parts.create_task(lease.run(), name="lease")
                parts.create_task(budget.run(), name="budget")
                parts.create_task(people.run(), name="people")
                parts.create_task(acknowledger.run(), name="acknowledger")
                parts.create_task(reader.run(), name="inbox")
                parts.create_task(sender.run(), name="sender")
                parts.create_task(reporter.run(), name="reporter")
                parts.create_task(present(direct.call), name="profile")
                polling = parts.create_task(poller.run(), name="poller")
                log.info("serving", bot=bot, epoch=lease.epoch)
                await _stop_in_order(stop, poller, polling, sender, lease)
        except* Done:
            log.info("stopped", bot=bot)
        except* TokenRefused as refused:
            await _quarantine(bots, bot)
            raise DuologueError(
                f"Telegram refuses the token of bot {bot}: it was revoked. "
                "Put in the new one with `duologue bots rotate`, or remove the bot"
            ) from refused


async def _take(lease: Lease, client: RedisClient, epochs: Epochs, bot: BotId, stop: asyncio.Event) -> bool:
    """Wait until the lease is ours; says who has it, and whenever that changes."""

    async def next_epoch() -> Epoch:
        return await epochs.next(f"bot:{bot}")

    said = ""
    while not stop.is_set():
        try:
            await client.open()
            await lease.take(next_epoch)
            return True
        except LeaseTaken as taken:
            if taken.holder != said:
                said = taken.holder
                log.warning(f"not serving: {taken}", bot=bot)
            await _pause(stop, min(max(taken.wait_ms, 50) / 1000, RETRY_SECONDS))
        except (StoreAway, StaleEpoch) as error:
            if str(error) != said:
                said = str(error)
                log.warning("waiting to serve", why=said)
            await _pause(stop, RETRY_SECONDS)
    return False


async def _stop_in_order(
    stop: asyncio.Event, poller: Poller, polling: asyncio.Task[None], sender: Sender, lease: Lease
) -> None:
    """When told to stop: intake, then what is under way, then the lease; ends the group."""
    await stop.wait()
    poller.stop()
    sender.stop()
    await asyncio.wait({polling}, timeout=DRAIN_SECONDS)
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await sender.drained()
            await lease.release()
    except (TimeoutError, StoreAway) as error:
        log.warning("not everything under way was finished", why=type(error).__name__)
    raise Done


async def _patiently(stop: asyncio.Event, ask: Callable[[], Awaitable[str]]) -> str | None:
    """Ask until the store answers; None when told to stop before."""
    said = ""
    while not stop.is_set():
        try:
            return await ask()
        except StoreAway as error:
            if str(error) != said:
                said = str(error)
                log.warning("waiting for the token", why=said)
            await _pause(stop, RETRY_SECONDS)
    return None


async def _quarantine(bots: Bots, bot: BotId) -> None:
    try:
        await bots.set_state(bot, BotState.QUARANTINED, reason="Telegram refuses the token (401)")
    except StoreAway as error:
        log.warning("the quarantine could not be written down", why=str(error))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
