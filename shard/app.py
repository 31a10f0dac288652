"""Puts a shard together and keeps it. The only place of a shard that builds things."""

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import aiohttp
import structlog
from aiohttp import web

from config.settings import Settings
from core.domain.errors import DuologueError, StaleEpoch, StoreAway
from core.domain.ids import BotId
from core.domain.seal import Seal
from core.service import failpoints, health, metrics, precedence, pulse
from core.service.address import reachable
from core.service.bell import Bell
from core.service.clock import Clock, SystemClock
from core.service.log import configure
from core.service.outages import Outages
from core.service.run import Done, run_process
from core.state.moderation import Moderation
from core.state.people import People
from core.state.postgres.bots import Bots, BotUnknown
from core.state.postgres.broadcasts import Broadcasts
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.epochs import Epochs
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from core.state.postgres.reports import EvidenceCipher, Reports
from core.state.redis.agreements import Agreements
from core.state.redis.casts import CastBook
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.file_memory import FileMemory
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from core.state.redis.message_map import MessageMap
from core.state.redis.people_cache import PeopleCache
from core.state.redis.poison import PoisonBox, PoisonCipher
from core.state.redis.streams import Inbox, Streams
from core.state.redis.vault_counts import VaultCounts
from shard.belt import Belt
from shard.claim import claim, forgotten, quarantine
from shard.files import FileSource, Signer
from shard.handout import FileDoor
from shard.inbound.admission import Admission
from shard.inbound.alarm import Alarm
from shard.inbound.contest import CONTESTED, Contest, TokenContested
from shard.inbound.desk import Counter
from shard.inbound.door import port_at, socket_at
from shard.inbound.gathering import Gathering
from shard.inbound.handling import Handling, mute_bot
from shard.inbound.intake import Intake
from shard.inbound.overview import Overview
from shard.inbound.polling import Poller
from shard.inbound.replaying import Replayer
from shard.inbound.vigil import Vigil
from shard.inbound.webhook import Place, Webhook, path_of, secret_of
from shard.links import Links
from shard.outbound.acknowledger import Acknowledger
from shard.outbound.bounce import Bouncer
from shard.outbound.casting import PAID_RATE, Casting
from shard.outbound.crossing import Crossing
from shard.outbound.direct import Direct
from shard.outbound.endings import Endings
from shard.outbound.inbox import InboxReader
from shard.outbound.lanes import ALBUM_MOST, Lanes
from shard.outbound.media import Media
from shard.outbound.pacing import Budget
from shard.outbound.sender import Sender
from shard.outbound.uploads import Uploads
from shard.profile import present
from shard.report import Reporter
from shard.setback import Memory, keep, make_good
from shard.standings import Standings
from shard.stopping import REST_SECONDS, stop_in_order
from shard.telegram import Telegram, TokenRefused
from shard.vault import Vaults
from shard.wire import Wire

log = structlog.get_logger(__name__)


def main(settings: Settings, bot_id: int, metrics_port: int) -> None:
    """Serve one bot until told to stop. Exits with 1 and a clear line where it cannot."""
    bot = BotId(bot_id)
    settings = settings.of("shard")
    failpoints.arm(settings.failpoints)
    configure(f"shard {bot}", settings.log_level, settings.log_format)
    code = run_process(lambda stop: run(settings, bot, metrics_port, stop))
    if code:
        raise SystemExit(code)


@dataclass(frozen=True, slots=True)
class _Base:
    """What everything else stands on."""

    settings: Settings
    bot: BotId
    clock: Clock
    keys: Keys
    database: Database
    client: RedisClient
    session: aiohttp.ClientSession
    wire: Wire
    lease: Lease
    signer: Signer
    seal: Seal
    vaults: Vaults
    belt: Belt
    poison: PoisonBox
    port: int
    bots: Bots
    memory: Memory


@dataclass(frozen=True, slots=True)
class _Telegram:
    """The token's way to Telegram."""

    raw: Telegram
    budget: Budget
    paid: Budget
    direct: Direct


@dataclass(frozen=True, slots=True)
class _State:
    """The shard's views of Redis and PostgreSQL, shared by both halves."""

    fleet: Fleet
    streams: Streams
    conversations: Conversations
    standings: Standings
    people: People
    messages: MessageMap


@dataclass(frozen=True, slots=True)
class _Outbound:
    acknowledger: Acknowledger
    reader: InboxReader
    sender: Sender
    reporter: Reporter


async def run(settings: Settings, bot: BotId, metrics_port: int, stop: asyncio.Event) -> None:
    """Take the lease, serve, give it back. Raises StaleEpoch when another took over, DuologueError."""
    if settings.database_url is None or settings.redis_url is None or settings.secret_key is None:
        raise DuologueError(
            "a shard needs DUOLOGUE_DATABASE_URL, DUOLOGUE_REDIS_URL and DUOLOGUE_SECRET_KEY "
            "(`duologue up` starts servers of its own and sets them)"
        )
    secrets = settings.secrets
    clock, keys = SystemClock(), Keys(settings.key_prefix)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(settings.database_url, replicas=settings.database_replica_urls)
        )
        client = await stack.enter_async_context(RedisClient(settings.redis_url, settings.durability))
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=75)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        wire = await stack.enter_async_context(Wire(settings.telegram_api_url))
        lease = Lease.of_shard(client, clock, keys, bot, f"{socket.gethostname()}:{os.getpid()}")
        # The doors for files open when there is a token; no page can be added to a running server.
        doors: dict[str, FileDoor] = {}
        pages = health.application(lambda: (lease.valid(), f"bot {bot}, epoch {lease.epoch}"))
        _add_doors(pages, doors)
        port = await stack.enter_async_context(health.serve(pages, settings.listen_host, metrics_port))
        bots = Bots(database, TokenCipher(*secrets))
        base = _Base(
            *(settings, bot, clock, keys, database, client, session, wire, lease),
            *(Signer(clock, *secrets), Seal(bot, *secrets)),
            vaults=Vaults(settings.vault_channels, clock, VaultCounts(client, keys, bot)),
            belt=Belt(clock),
            poison=PoisonBox(client, keys, bot, PoisonCipher(*secrets)),
            port=port,
            bots=bots,
            memory=Memory(),
        )
        epochs, inbox = Epochs(database), Inbox(client, keys, bot)
        while (token := await claim(bot, bots, epochs, lease, inbox, stop)) is not None:
            again = False
            try:
                await _serve(base, token, doors, stop)
            except* Done:
                log.info("stopped", bot=bot)
            except* TokenRefused as refused:
                await quarantine(bots, bot, token, lease, "Telegram refuses the token (401)")
                raise DuologueError(
                    f"Telegram refuses the token of bot {bot}: it was revoked. "
                    "Put in the new one with `duologue bots rotate`, or remove the bot"
                ) from refused
            except* TokenContested:
                await quarantine(bots, bot, token, lease, CONTESTED)
                raise
            except* StaleEpoch:
                again = await forgotten(lease, stop)
                if not again:
                    raise
            if not again:
                return
            metrics.REDIS_SET_BACKS.inc()
            log.warning("Redis has lost or may have lost what it knew: beginning anew", bot=bot)
            # What this process did in its last second counts for the token's budget.
            await asyncio.sleep(REST_SECONDS)


async def _serve(base: _Base, token: str, doors: dict[str, FileDoor], stop: asyncio.Event) -> None:
    """All parts in one group, until told to stop; raises Done then, in a group."""
    telegram = _telegram(base, token)
    state = _state(base)
    try:
        await _run_parts(base, token, telegram, state, doors, stop)
    finally:
        base.memory.keep(state.standings)


async def _run_parts(
    base: _Base,
    token: str,
    telegram: _Telegram,
    state: _State,
    doors: dict[str, FileDoor],
    stop: asyncio.Event,
) -> None:
    links = Links(base.bot, token, base.clock)
    doors["open"] = FileDoor(telegram.raw, telegram.direct.call, base.signer, base.vaults, base.belt, links)
    outbound = _outbound(base, telegram, state)
    async with asyncio.TaskGroup() as parts:
        counter = Counter(
            *(base.bot, base.lease, state.streams, state.conversations, state.standings),
            *(telegram.direct.call, base.clock, parts.create_task),
        )
        admins = frozenset(base.settings.admin_ids)
        alarm = Alarm(base.bot, base.lease, state.streams, admins, base.clock)
        vigil = Vigil(base.bot, base.bots, alarm, base.clock)
        contest = Contest(base.bot, base.bots, alarm, base.clock)
        source, replayer = _inbound(base, telegram, state, counter, vigil, contest, token)
        parts.create_task(keep(base.lease, outbound.sender), name="lease")
        parts.create_task(
            make_good(base.memory, state.conversations, state.streams, base.bot, base.lease, base.clock),
            name="make good",
        )
        parts.create_task(precedence.step_back(), name="precedence")
        parts.create_task(pulse.feel(), name="pulse")
        parts.create_task(telegram.budget.run(), name="budget")
        parts.create_task(telegram.paid.run(), name="paid budget")
        parts.create_task(state.people.run(), name="people")
        parts.create_task(outbound.acknowledger.run(), name="acknowledger")
        parts.create_task(outbound.reader.run(), name="inbox")
        parts.create_task(outbound.sender.run(), name="sender")
        parts.create_task(outbound.reporter.run(), name="reporter")
        parts.create_task(present(telegram.direct.call), name="profile")
        parts.create_task(vigil.run(), name="vigil")
        parts.create_task(contest.run(), name="contest")
        parts.create_task(replayer.run(), name="replayer")
        taking_in = parts.create_task(source.run(), name="inbound")
        log.info("serving", bot=base.bot, epoch=base.lease.epoch)
        await stop_in_order(stop, source, taking_in, outbound.sender, base.lease)


def _add_doors(pages: web.Application, doors: dict[str, FileDoor]) -> None:
    async def file(request: web.Request) -> web.StreamResponse:
        door = doors.get("open")
        return await door.handle(request) if door else web.Response(status=503)

    async def vault(request: web.Request) -> web.StreamResponse:
        door = doors.get("open")
        return await door.handle_vault(request) if door else web.Response(status=503)

    pages.router.add_get("/file/{file_id}", file)
    pages.router.add_get("/vault/{file_id}", vault)


def _telegram(base: _Base, token: str) -> _Telegram:
    raw = Telegram(base.session, base.settings.telegram_api_url, token, base.wire, base.lease.valid)
    budget = Budget(base.clock, base.settings.send_rate)
    metrics.BUDGET_CAP.set(base.settings.send_rate)
    # Slots are not free: as many as are of use.
    paid = Budget(base.clock, PAID_RATE if base.settings.paid_broadcast_stars else 1.0)
    return _Telegram(raw, budget, paid, Direct(raw, budget))


def _state(base: _Base) -> _State:
    streams = Streams(base.client, base.keys, limit=base.settings.backlog_limit)
    conversations = Conversations(base.client, base.keys, streams)
    return _State(
        fleet=Fleet(base.client, base.keys),
        streams=streams,
        conversations=conversations,
        standings=Standings(conversations, base.clock, base.bot),
        people=People(PeopleTable(base.database), PeopleCache(base.client, base.keys)),
        messages=MessageMap(base.client, base.keys),
    )


def _outbound(base: _Base, telegram: _Telegram, state: _State) -> _Outbound:
    bot, lease, clock = base.bot, base.lease, base.clock
    wake = Bell()
    outages = Outages(clock)
    inbox = Inbox(base.client, base.keys, bot)
    lanes = Lanes(album_most=min(ALBUM_MOST, telegram.budget.fewest), born=clock.monotonic())
    acknowledger = Acknowledger(inbox, lease, outages, base.memory.done)
    bouncer = Bouncer(bot, lease, state.streams, clock)
    source = FileSource(base.session, state.fleet, base.signer)
    memory = FileMemory(base.client, base.keys, bot)
    uploads = Uploads(source, base.belt)
    media = Media(bot, telegram.direct.call, source, memory, base.vaults, uploads)
    reader = InboxReader(
        *(inbox, base.poison, lease, lanes, state.standings, bouncer, acknowledger, clock, wake, outages),
        base.memory.done,
    )
    crossing = Crossing(state.people, state.standings, state.messages, media, base.seal.button)
    book = CastBook(base.client, base.keys, bot)
    casting = Casting(lease, book, telegram.budget, telegram.paid, clock)
    endings = Endings(
        *(bot, telegram.budget, lease, base.poison, casting, lanes, acknowledger, bouncer),
        *(state.standings, state.conversations, clock, wake),
    )
    sender = Sender(
        *(telegram.raw, telegram.budget, lease, casting, lanes, acknowledger, endings),
        *(state.standings, crossing, media, clock, wake),
    )
    file_url = f"http://{reachable(base.settings.listen_host, base.settings.redis_url or '')}:{base.port}"
    reporter = Reporter(
        bot, lease, inbox, lanes, telegram.budget, state.standings, state.fleet, clock, file_url
    )
    return _Outbound(acknowledger, reader, sender, reporter)


def _inbound(
    base: _Base,
    telegram: _Telegram,
    state: _State,
    counter: Counter,
    vigil: Vigil,
    contest: Contest,
    token: str,
) -> tuple[Poller | Webhook, Replayer]:
    clock = base.clock
    reach, reports = Reach(base.database), Reports(base.database, EvidenceCipher(*base.settings.secrets))
    admission = Admission(base.bot, state.people, reach, reports, state.fleet, base.seal, clock)
    moderation = Moderation(state.people, reports, state.conversations, state.streams, clock)
    overview, broadcasts = Overview(state.fleet, clock), Broadcasts(base.database)
    agreements, admins = Agreements(base.client, base.keys), frozenset(base.settings.admin_ids)
    handling = Handling(
        *(mute_bot(token), counter, admission, state.people, overview, broadcasts),
        *(moderation, state.messages, base.seal, agreements, admins),
    )
    url = base.settings.webhook_url
    intake = Intake(
        *(base.bot, base.lease, state.streams, state.standings, state.messages, clock, handling.handle),
        *(base.poison, agreements),
        in_order=url is None,
    )
    replayer = Replayer(base.poison, base.lease, intake)
    gathering = Gathering(base.settings.send_rate)
    if url is None:
        return Poller(telegram.raw, base.lease, intake, vigil, contest, clock, gathering), replayer
    place = _place(base, url, token)
    wanted = partial(_is_wanted, base.bots, base.bot)
    webhook = Webhook(
        *(base.bot, telegram.raw, base.lease, intake.take_in, vigil.heard, contest.met),
        *(clock, gathering, place, wanted),
    )
    return webhook, replayer


def _place(base: _Base, url: str, token: str) -> Place:
    settings, secret = base.settings, base.settings.secret_key
    assert secret is not None, "asked for at the start"
    if settings.webhook_port:
        listen = partial(port_at, settings.listen_host, settings.webhook_port)
    else:
        listen = partial(socket_at, settings.hooks / f"{base.bot}.sock")
    return Place(url + path_of(base.bot), secret_of(secret.get_secret_value(), token), listen)


async def _is_wanted(bots: Bots, bot: BotId) -> bool:
    """Whether the bot is to be served, by this process or another; taken to be so where nobody can tell."""
    try:
        return (await bots.get(bot)).state.serves
    except BotUnknown:
        return False
    except StoreAway:
        return True
