"""The coordinator's process: the one place that builds its parts."""

import asyncio
import os
import secrets
import socket

import structlog

from config.settings import Settings
from coordinator.assignment.headroom import Policy
from coordinator.assignment.publisher import Publisher
from coordinator.broadcast.announcer import Announcer
from coordinator.broadcast.feeder import Feeder
from coordinator.forgetting import Forgetter
from coordinator.leadership import Leadership
from coordinator.matchmaking.matcher import Matcher
from coordinator.matchmaking.pool import Rules
from coordinator.matchmaking.sweeper import Sweeper
from coordinator.membership.keeper import Keeper
from coordinator.moves.execution import Means
from coordinator.moves.mover import Mover
from core.domain.errors import DuologueError
from core.domain.ids import BotId, Epoch
from core.service import failpoints, health, log, metrics
from core.service.clock import SystemClock
from core.service.outages import Outages
from core.service.run import Done, run_process, until
from core.state.postgres.audience import Audience
from core.state.postgres.bots import Bots
from core.state.postgres.broadcasts import Broadcasts
from core.state.postgres.epochs import Epochs
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.postgres.reports import Reports
from core.state.redis.casts import Casts
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.people_cache import PeopleCache
from core.state.redis.poison import PoisonCipher
from core.state.redis.streams import Streams

NAME = "coordinator"


def main(settings: Settings, metrics_port: int) -> None:
    """Run a coordinator until it is told to end. Exits with 1 and a clear line where it cannot."""
    settings = settings.of("coordinator")
    failpoints.arm(settings.failpoints)
    log.configure(NAME, settings.log_level, settings.log_format)
    code = run_process(lambda stop: _serve(settings, metrics_port, stop))
    if code:
        raise SystemExit(code)


async def _serve(settings: Settings, metrics_port: int, stop: asyncio.Event) -> None:
    if settings.redis_url is None or settings.database_url is None:
        raise DuologueError("a coordinator needs DUOLOGUE_REDIS_URL and DUOLOGUE_DATABASE_URL: set both")
    async with (
        RedisClient(settings.redis_url, settings.durability) as client,
        Database(settings.database_url) as database,
    ):
        leadership = _leadership(settings, client, database)
        pages = health.application(leadership.ready)
        async with health.serve(pages, settings.listen_host, metrics_port):
            try:
                async with asyncio.TaskGroup() as parts:
                    parts.create_task(until(stop), name="stop")
                    parts.create_task(leadership.run(), name="leadership")
            except* Done:
                structlog.get_logger(__name__).info("ended")


def _leadership(settings: Settings, client: RedisClient, database: Database) -> Leadership:
    clock = SystemClock()
    outages = Outages(clock)
    keys = Keys(settings.key_prefix)
    streams = Streams(client, keys)
    conversations = Conversations(client, keys, streams)
    fleet, casts = Fleet(client, keys), Casts(client, keys)
    bots, broadcasts = Bots(database, None), Broadcasts(database)
    epochs = Epochs(database)
    holder = _holder()
    cipher = PoisonCipher(*settings.secrets) if settings.secrets else None
    rules = Rules(patience=settings.match_patience)

    async def next_epoch(above: Epoch) -> Epoch:
        return await epochs.next(NAME, above=above)

    async def bot_epoch(bot: BotId, above: Epoch) -> Epoch:
        return await epochs.next(f"bot:{bot}", above=above)

    async def lead(lease: Lease) -> None:
        matcher = Matcher(conversations, lease.epoch, rules, clock, outages)
        keeper = Keeper(bots, fleet, matcher.waiting_by_bot, lease, clock, outages)
        publisher = Publisher(
            fleet, keeper.rows, matcher.waiting_by_bot, lease.epoch, Policy(), clock, outages
        )
        sweeper = Sweeper(conversations, clock, outages)
        forgetter = Forgetter(Reports(database), outages)
        means = Means(
            *(client, keys, streams, conversations, fleet, Reach(database), PeopleTable(database)),
            *(PeopleCache(client, keys), keeper.rows, cipher, clock),
        )
        mover = Mover(means, matcher.waiting_by_bot, bot_epoch, lease.epoch, holder, outages)
        announcer = Announcer(broadcasts, streams, settings.paid_broadcast_stars, lease.epoch, clock)
        feeder = Feeder(
            *(broadcasts, Audience(database), casts, announcer, fleet, keeper.rows),
            *(settings.paid_broadcast_stars, lease.epoch, clock, outages),
        )
        metrics.LEADS.set(1)
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(matcher.run(), name="matcher")
                parts.create_task(sweeper.run(), name="sweeper")
                parts.create_task(keeper.run(), name="keeper")
                parts.create_task(publisher.run(), name="publisher")
                parts.create_task(mover.run(), name="mover")
                parts.create_task(feeder.run(), name="feeder")
                parts.create_task(forgetter.run(), name="forgetter")
        finally:
            metrics.LEADS.set(0)

    lease = Lease.of_leader(client, clock, keys, holder)
    return Leadership(lease, next_epoch, lead, clock, outages)


def _holder() -> str:
    """This process among all that ever were."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
