"""`bench chaos`: processes and servers are killed by a seeded plan while people talk; nothing may be lost.

A long run has two parts: processes and servers of a network that a warden starts again, then the
supervisor of a `duologue up`, whose children have to be gone before the next one serves.
"""

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.domain.errors import DuologueError
from core.domain.ids import BotId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from simulator.app import Options, Simulator
from simulator.app import running as running_simulator
from tests.bench.chaos_figures import Part, figures_of
from tests.bench.report import Progress, Report, at_least, machine
from tests.harness.admins import Admins, ids
from tests.harness.havoc import Havoc
from tests.harness.household import KEY_PREFIX, Household, redis_url
from tests.harness.ledger import Ledger
from tests.harness.mines import PLACES, Mines
from tests.harness.network import SECRET, running
from tests.harness.planted import Place, traces, traces_in_files
from tests.harness.scan import Scanner
from tests.harness.society import PLANTED_NAME, PLANTED_WORD, Society
from tests.harness.waiting import until

OPTIONS = ("seed", "kills", "failpoint")

KILLS = 1_000
KILLS_AT_ONE = 100
"""Kills of a long run, and at each failpoint of one."""

SUPERVISOR_EVERY = 100
"""For so many kills the supervisor is killed once."""

LONGEST = 3_600.0
"""Seconds after which a long run ends, however many kills are still to come."""

RATE = 0.7
"""What everybody does a second: texts, mostly."""

QUICK_UNTIL = 30.0
"""Seconds from the start after which a quick run deals no further blow."""

QUIET = 90.0
"""Seconds that what is still on its way is waited for; a chat takes one message a second."""


ALLOWED = {"text": (Place.REDIS, Place.REDIS_FILE)}
"""What waits to be delivered is in Redis; nothing else that was planted may be found anywhere."""


async def run(quick: bool, progress: Progress, seed: int = 0, kills: int = 0, failpoint: str = "") -> Report:
    """Kills, and what of the promises was broken by them: nothing.

    Seed 0 draws a new one. `failpoint`: not from outside but at these named places of the code (commas
    between them, or `all`), so many kills at each.
    """
    seed = seed or secrets.randbelow(1_000_000) + 1
    places = _places(failpoint)
    if not kills:
        kills = (1 if quick else KILLS_AT_ONE) if places else 10 if quick else KILLS
    conditions = machine()
    began = time.monotonic()
    progress(f"seed {seed} (--seed {seed} runs it again)")
    parts = [await _network(quick, progress, seed, kills, places)]
    if not quick and not places:
        parts.append(await _supervisor(progress, seed, max(1, kills // SUPERVISOR_EVERY)))
    conditions |= {"seed": seed, "people": sum(len(part.toll.society.citizens) for part in parts)}
    conditions |= {"rate": RATE, "seconds": round(time.monotonic() - began)}
    figures = [*figures_of(parts, kills * max(1, len(places)), progress)]
    deaths = parts[0].toll.deaths if isinstance(parts[0].toll, Mines) else {}
    figures += [
        at_least(f"chaos.at_{place}", deaths.get(place, 0), "deaths there", kills) for place in places
    ]
    return Report("chaos", conditions, tuple(figures))


def _places(failpoint: str) -> tuple[str, ...]:
    """The failpoints that are meant. Raises DuologueError."""
    places = PLACES if failpoint == "all" else tuple(failpoint.split(",") if failpoint else ())
    if strange := set(places) - set(PLACES):
        raise DuologueError(f"no failpoint {min(strange)!r} here: there are {', '.join(PLACES)}, and all")
    return places


async def _network(quick: bool, progress: Progress, seed: int, kills: int, places: tuple[str, ...]) -> Part:
    """Processes and servers, killed from outside or at places of the code."""
    bots, per_bot = (3, 10) if quick else (8, 8)
    began = time.monotonic()
    progress(f"starting {bots} bots")
    ruled = "mid_ban" in places
    options = Options(port=0, bots=bots)
    admin_ids = ids(options.seed, bots) if ruled else ()
    async with running(bots, coordinators=2, options=options, admin_ids=admin_ids) as network:
        admins = Admins(network.simulator, seed) if ruled else None
        url, keys = network.settings.redis_url or "", Keys(network.settings.key_prefix)
        async with _living(network.simulator, seed, per_bot, keys, url) as (society, scanner):
            breaker: Havoc | Mines
            if places:
                breaker = Mines(society=society, network=network, seed=seed, wanted=kills, places=places)
            else:
                breaker = Havoc(society=society, network=network, seed=seed, tell=progress)
                breaker.most, breaker.first = (float("inf"), ("all", "shards")) if quick else (kills, ())
            warding = asyncio.ensure_future(breaker.ward())
            await until(lambda: len(society.ledger.members) >= per_bot, 60, "people to meet")
            seconds = max(5.0, QUICK_UNTIL - (time.monotonic() - began)) if quick else LONGEST
            async with _ruled(admins, society):
                await breaker.rage(seconds)
            society.hush()
            await _quiet(society.ledger)
        found = await traces(network, _planted(network.simulator), ALLOWED)
        warding.cancel()
        await asyncio.gather(warding, return_exceptions=True)
        return Part(breaker, scanner, _breaches(network.simulator), found)


async def _supervisor(progress: Progress, seed: int, kills: int) -> Part:
    """A `duologue up`, killed again and again."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    progress(f"the supervisor, {kills} kills")
    try:
        async with running_simulator(Options(port=0, bots=2)) as simulator:
            home = folder / "home"
            async with _living(simulator, seed, 10, Keys(KEY_PREFIX), redis_url(home)) as (society, scanner):
                household = Household(society=society, tell=progress, simulator=simulator, folder=home)
                await household.start()
                for _ in range(kills):
                    await household.again()
                society.hush()
                await _quiet(society.ledger)
            await household.stop()
            found = traces_in_files(folder, _planted(simulator), ALLOWED)
            return Part(household, scanner, _breaches(simulator), found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _ruled(admins: Admins | None, society: Society) -> AsyncIterator[None]:
    """Admins are at work, where there are any; each must have been answered."""
    if admins is None:
        yield
        return
    ruling = asyncio.ensure_future(admins.rule(society))
    try:
        yield
        admins.rest()
        await ruling
    finally:
        ruling.cancel()
        await asyncio.gather(ruling, return_exceptions=True)


@asynccontextmanager
async def _living(
    simulator: Simulator, seed: int, per_bot: int, keys: Keys, url: str
) -> AsyncIterator[tuple[Society, Scanner]]:
    """People who live on every bot, and a scanner that watches over them; a last look at the end."""
    society = Society(simulator, seed)
    society.settle_in(per_bot)
    people = [citizen.person.id for citizen in society.citizens]
    scanner = Scanner(keys, people, [BotId(bot) for bot in simulator.world.bots])
    living = asyncio.ensure_future(society.live(RATE))
    watching = asyncio.ensure_future(scanner.watch(url))
    try:
        yield society, scanner
        await living
    finally:
        living.cancel()
        watching.cancel()
        await asyncio.gather(living, watching, return_exceptions=True)
    async with RedisClient(url) as client:
        scanner.broken += await scanner.look(client)
    society.learn(scanner.conversations)


def _planted(simulator: Simulator) -> dict[str, list[str]]:
    """What is searched for, by kind."""
    tokens = [bot.token.partition(":")[2] for bot in simulator.world.bots.values()]
    return {"token": tokens, "key": [SECRET], "text": [PLANTED_WORD], "name": [PLANTED_NAME]}


def _breaches(simulator: Simulator) -> int:
    totals = simulator.control.report()["totals"]
    return int(totals["bot_breaches"] + totals["chat_breaches"])


async def _quiet(ledger: Ledger) -> None:
    """Until every text is shown or answered, or it has been waited for long enough."""
    end = time.monotonic() + QUIET
    while ledger.lost() and time.monotonic() < end:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
