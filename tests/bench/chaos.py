"""`bench chaos`: processes and servers are killed by a seeded plan while people talk; nothing may be lost.

A long run has two parts: processes and servers of a network that a warden starts again, then the
supervisor of a `duologue up`, whose children have to be gone before the next one serves.
"""

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from core.domain.errors import DuologueError
from core.domain.ids import BotId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from simulator.app import Options, Simulator
from simulator.app import running as running_simulator
from tests.bench.report import Figure, Progress, Report, at_least, at_most, machine, none_of, plain, quantile
from tests.harness.havoc import Havoc
from tests.harness.household import KEY_PREFIX, Household, redis_url
from tests.harness.ledger import Ledger
from tests.harness.mines import PLACES, Mines
from tests.harness.network import running
from tests.harness.scan import Scanner
from tests.harness.society import Society
from tests.harness.toll import Toll
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

RECOVERY_GOAL = 5.0

QUICK_UNTIL = 30.0
"""Seconds from the start after which a quick run deals no further blow."""

QUIET = 90.0
"""Seconds that what is still on its way is waited for; a chat takes one message a second."""


class Part(NamedTuple):
    """What one part of the run comes to."""

    toll: Toll
    scanner: Scanner
    breaches: int


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
    figures = [*_figures(parts, kills * max(1, len(places)), progress)]
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
    bots, per_bot = (3, 10) if quick else (6, 10)
    began = time.monotonic()
    progress(f"starting {bots} bots")
    async with running(bots, coordinators=2, log_level="warning") as network:
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
            await breaker.rage(max(5.0, QUICK_UNTIL - (time.monotonic() - began)) if quick else LONGEST)
            society.hush()
            await _quiet(society.ledger)
        warding.cancel()
        await asyncio.gather(warding, return_exceptions=True)
        return Part(breaker, scanner, _breaches(network.simulator))


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
            return Part(household, scanner, _breaches(simulator))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _breaches(simulator: Simulator) -> int:
    totals = simulator.control.report()["totals"]
    return int(totals["bot_breaches"] + totals["chat_breaches"])


def _figures(parts: Sequence[Part], kills: int, progress: Progress) -> tuple[Figure, ...]:
    tolls = [part.toll for part in parts]
    ledgers = [toll.society.ledger for toll in tolls]
    verdicts = [ledger.evaluate() for ledger in ledgers]
    repeats = [ledger.repeats(toll.ends) for ledger, toll in zip(ledgers, tolls, strict=True)]
    broken = [line for part in parts for line in part.scanner.broken]
    unexpected = [line for toll in tolls for line in toll.unexpected]
    unexplained = [line for repeat in repeats for line in repeat.unexplained]
    for line in [*broken[:5], *unexpected[:5], *unexplained[:5]]:
        progress(line)
    for toll in tolls:
        _tell(progress, toll.society)
    recoveries = [recovery for toll in tolls for recovery in toll.recoveries]
    took = [seconds for what, seconds in recoveries if what != "supervisor"]
    ups = [seconds for what, seconds in recoveries if what == "supervisor"]
    return (
        at_least("chaos.kills", sum(toll.kills for toll in tolls), "kill -9", kills),
        none_of("chaos.lost", sum(v.lost for v in verdicts), "messages neither shown nor answered"),
        none_of("chaos.misdelivered", sum(v.misdelivered for v in verdicts), "messages shown to others"),
        none_of("chaos.inversions", sum(v.inversions for v in verdicts), "messages out of order"),
        none_of("chaos.broken_pairs", len(broken), "broken invariants in all scans"),
        none_of("chaos.repeats_over_inflight", len(unexplained), "repeats of nothing under way"),
        at_most("chaos.recovery_p99_s", quantile(took, 0.99), "s until it serves again", RECOVERY_GOAL),
        plain("chaos.recovery_median_s", quantile(took, 0.5), "s"),
        plain("chaos.recovery_longest_s", max(took, default=0.0), "s"),
        plain("chaos.freezes", sum(toll.freezes for toll in tolls), "SIGSTOP beyond the lease"),
        plain("chaos.supervisor_kills", len(ups), "of the kills, each with a start of all"),
        plain("chaos.supervisor_recovery_s", quantile(ups, 0.5), "s, median"),
        none_of("chaos.unexpected_ends", len(unexpected), "processes that ended, or outlived their parent"),
        plain("chaos.repeats", sum(v.repeats for v in verdicts), "messages shown twice"),
        plain("chaos.repeats_by_end", sum(r.by_end for r in repeats), "of them under way at a kill"),
        plain("chaos.repeats_by_answer", sum(r.by_lost_answer for r in repeats), "done, the answer lost"),
        plain(
            "chaos.repeat_age_s", max((a for r in repeats for a in r.ages), default=0.0), "s before the kill"
        ),
        plain("chaos.messages", sum(v.written for v in verdicts), "messages written"),
        plain("chaos.told", sum(v.told for v in verdicts), "answered to their writer instead"),
        plain("chaos.conversations", sum(v.conversations for v in verdicts), "conversations"),
        plain("chaos.scans", sum(part.scanner.looks for part in parts), "scans"),
        none_of("chaos.breaches", sum(part.breaches for part in parts), "limits broken"),
    )


async def _quiet(ledger: Ledger) -> None:
    """Until every text is shown or answered, or it has been waited for long enough."""
    end = time.monotonic() + QUIET
    while ledger.lost() and time.monotonic() < end:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)


def _tell(progress: Progress, society: Society) -> None:
    """The first of what does not hold, and what its writer did and was told at that time."""
    lost, strayed = society.ledger.lost(), society.ledger.strayed()
    for text in lost[:5]:
        progress(f"{text} was read by nobody")
    for text, reader in strayed[:5]:
        progress(f"{text} {society.ledger.members.get(text.conversation)} was read by {reader}")
    for text, later in society.ledger.inversions()[:5]:
        progress(f"{later} was shown after {text}")
    for text in [*lost, *(text for text, _ in strayed)][:2]:
        progress("\n".join([f"the diary of the writer of {text}:", *society.diary_of(text)]))
