"""`bench fairness`: pairs who chat, with and without one who writes 50 a second and a broadcast.

The broadcast is the network's own, paused while the pairs are alone. A p99 moves from turn to turn: how far
the ratio is to be trusted is seen by drawing turns from those there were, again and again.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from core.domain.broadcast import BroadcastState
from core.domain.content import Text
from core.state.postgres.broadcasts import Broadcasts
from core.state.postgres.pool import Database
from simulator.world.actors import Bot
from tests.bench.load import Crowd, Talker, breaches, rates, staged, stays
from tests.bench.report import Progress, Report, at_most, machine, middle, none_of, plain, quantile
from tests.harness.network import Network

BOTS = 10
PAIRS = 500
RATE = 12.0
"""Messages a second of the pairs on each bot: less than half of the cap."""

FLOODER_RATE = 50.0
SAID = Text("Something new for everybody.")
AT_ONCE = 5_000
DRAWINGS = 400

SETTLED_SECONDS = 30.0

_Window = tuple[float, float]
"""When the pairs wrote, from and to."""
_Turn = tuple[list[float], list[float]]
"""How long messages took without the disturbers, then with them, in ms."""


async def run(quick: bool, progress: Progress) -> Report:
    """The pairs' p99 with the two disturbers by that without, in turn."""
    rounds, seconds = (2, 4.0) if quick else (24, 6.0)
    audience = 10_000 if quick else 100_000
    conditions = machine()
    progress(f"starting {BOTS} shards, {PAIRS} pairs, an audience of {audience:,}")
    async with AsyncExitStack() as stack:
        network, crowd = await stack.enter_async_context(staged(BOTS, 2 * PAIRS // BOTS, history=100_000))
        pairs = list(crowd.talkers)
        bots = list(network.simulator.world.bots.values())
        couple = crowd.couples([(bots[0], bots[1])])
        await crowd.seat(network.settings, couple)
        flooder = couple[0][0]
        # The load writes in turn for each bot's people: the flooder is none of them.
        crowd.leave_out(couple)
        progress(f"an audience of {audience:,}")
        await _seat(network, bots, audience)
        stays()
        await crowd.write(rates(network, RATE), 2)
        await crowd.settled(5)
        windows: list[tuple[_Window, _Window]] = []
        database = await stack.enter_async_context(Database(network.settings.database_url or ""))
        broadcasts = Broadcasts(database)
        broadcast = await broadcasts.start(SAID)
        await broadcasts.steer(broadcast, BroadcastState.PAUSED)
        casting = 0.0
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}: pairs alone")
            alone = await _talk(network, crowd, seconds)
            progress(f"round {number + 1} of {rounds}: with one who floods, and a broadcast")
            stop = asyncio.Event()
            flooding = asyncio.ensure_future(_flood(crowd, flooder, stop))
            begun = time.monotonic()
            await broadcasts.steer(broadcast, BroadcastState.RUNNING)
            # A leader looks once a second.
            await asyncio.sleep(1.5)
            windows.append((alone, await _talk(network, crowd, seconds)))
            await broadcasts.steer(broadcast, BroadcastState.PAUSED)
            casting += time.monotonic() - begun
            stop.set()
            await flooding
            await asyncio.sleep(2)
        lost = await _lost(pairs)
        turns = [(crowd.waits_ms(*one, pairs), crowd.waits_ms(*other, pairs)) for one, other in windows]
        sent = (await broadcasts.get(broadcast)).counts.sent
        broken = breaches(network.simulator)
    conditions |= {"bots": BOTS, "pairs": PAIRS, "rate_per_bot": RATE, "flooder_per_s": FLOODER_RATE}
    conditions |= {"rounds": rounds, "seconds": seconds, "audience": audience}
    calm, busy = _all(turns)
    low, high = _bounds(turns)
    return Report(
        "fairness",
        conditions,
        (
            at_most("fairness.p99_ratio", _ratio(turns), "x the p99 without", 1.1),
            plain("fairness.p99_ratio_low", low, "x: below this in one of twenty drawings of turns"),
            plain("fairness.p99_ratio_high", high, "x: above this in one of twenty"),
            plain("fairness.p99_ms", quantile(busy, 0.99), "ms, with both"),
            plain("fairness.calm_p99_ms", quantile(calm, 0.99), "ms, without"),
            plain("fairness.longest_ms", max(busy), "ms, with both"),
            plain("fairness.calm_longest_ms", max(calm), "ms, without"),
            plain("fairness.median_ms", middle(busy), "ms, with both"),
            plain("fairness.calm_median_ms", middle(calm), "ms, without"),
            plain("fairness.broadcast_rate", sent / casting, "broadcast messages/s"),
            none_of("fairness.lost", lost, "messages of the pairs"),
            none_of("fairness.breaches", broken, "arrivals above a limit"),
        ),
    )


def _all(turns: Sequence[_Turn]) -> _Turn:
    calm = [wait for some, _ in turns for wait in some]
    return calm, [wait for _, some in turns for wait in some]


def _ratio(turns: Sequence[_Turn]) -> float:
    calm, busy = _all(turns)
    return quantile(busy, 0.99) / quantile(calm, 0.99)


def _bounds(turns: Sequence[_Turn]) -> tuple[float, float]:
    chance = random.Random(1)
    ratios = sorted(_ratio(chance.choices(turns, k=len(turns))) for _ in range(DRAWINGS))
    return quantile(ratios, 0.05), quantile(ratios, 0.95)


async def _talk(network: Network, crowd: Crowd, seconds: float) -> _Window:
    begin = time.monotonic()
    await crowd.write(rates(network, RATE), seconds)
    end = time.monotonic()
    await asyncio.sleep(1)
    return begin, end


async def _lost(pairs: Sequence[Talker]) -> int:
    """What was not shown to them, in the end."""
    end = time.monotonic() + SETTLED_SECONDS
    while True:
        lost = sum(len(talker.partner.sent) - len({number for number, _ in talker.seen}) for talker in pairs)
        if not lost or time.monotonic() > end:
            return lost
        await asyncio.sleep(0.1)


async def _flood(crowd: Crowd, flooder: Talker, stop: asyncio.Event) -> None:
    while not stop.is_set():
        crowd.say(flooder)
        await asyncio.sleep(1 / FLOODER_RATE)


async def _seat(network: Network, bots: Sequence[Bot], count: int) -> None:
    """So many people for the broadcast, on all bots alike, who have agreed and talk with nobody."""
    world = network.simulator.world
    people = [world.people.create() for _ in range(count)]
    homes = [bots[number % len(bots)] for number in range(count)]
    for person, home in zip(people, homes, strict=True):
        world.private(home, person).started = True
    async with Database(network.settings.database_url or "") as database:
        for at in range(0, count, AT_ONCE):
            some = slice(at, at + AT_ONCE)
            ids, home_ids = [one.id for one in people[some]], [one.id for one in homes[some]]
            await database.execute(
                """WITH new AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS new (id, bot)),
                        known AS (INSERT INTO people (id, consented_at, home_bot)
                                  SELECT id, now(), bot FROM new)
                   INSERT INTO reach (person, bot) SELECT id, bot FROM new""",
                *(ids, home_ids),
            )
        # Else autovacuum takes these rows up in the midst of a turn.
        await database.execute("VACUUM ANALYZE people, reach")
