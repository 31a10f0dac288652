"""`bench chaos`: processes and servers are killed by a seeded plan while people talk; nothing may be lost."""

import asyncio
import os
import secrets
import time

from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from tests.bench.report import Progress, Report, at_least, at_most, machine, none_of, plain, quantile
from tests.harness.havoc import Havoc
from tests.harness.network import running
from tests.harness.scan import Scanner
from tests.harness.society import Society
from tests.harness.waiting import until

SEED = "CHAOS_SEED"
"""Names the seed to run again; a new one is drawn and printed where it is not set."""

SECONDS = "CHAOS_SECONDS"
"""How long the long run rages; 600 where it is not set."""

RATE = 0.7
"""What everybody does a second: texts, mostly."""

RECOVERY_GOAL = 5.0

QUICK_UNTIL = 36.0
"""Seconds from the start after which a quick run deals no further blow."""


async def run(quick: bool, progress: Progress) -> Report:
    """Kills, and what of the promises was broken by them: nothing."""
    seed = int(os.environ.pop(SEED, 0)) or secrets.randbelow(1_000_000) + 1
    bots, per_bot, seconds = (3, 12, 24.0) if quick else (4, 30, float(os.environ.pop(SECONDS, 600)))
    conditions = machine()
    began = time.monotonic()
    progress(f"seed {seed} ({SEED}={seed} runs it again); starting {bots} bots")
    async with running(bots, coordinators=2, log_level="warning") as network:
        society = Society(network.simulator, seed)
        society.settle_in(per_bot)
        havoc = Havoc(network, society, seed, progress)
        people = [citizen.person.id for citizen in society.citizens]
        scanner = Scanner(Keys(network.settings.key_prefix), people, network.bots)
        living = asyncio.ensure_future(society.live(RATE))
        watching = asyncio.ensure_future(scanner.watch(network.settings.redis_url or ""))
        warding = asyncio.ensure_future(havoc.ward())
        await until(lambda: len(society.members) >= per_bot, 60, "people to meet")
        if quick:
            seconds = max(5.0, QUICK_UNTIL - (time.monotonic() - began))
        progress(f"{len(people)} people; {seconds:.0f} s of havoc")
        await havoc.rage(seconds, ("all", "shards") if quick else ())
        society.hush()
        await living
        await _quiet(society, 10.0 if quick else 60.0)
        watching.cancel()
        async with RedisClient(network.settings.redis_url or "") as client:
            scanner.broken += await scanner.look(client)
        warding.cancel()
        await asyncio.gather(watching, warding, return_exceptions=True)
        totals = network.simulator.control.report()["totals"]
    society.learn(scanner.conversations)
    verdict = society.evaluate()
    repeats = society.unexplained(havoc.deaths)
    for lines in (scanner.broken, havoc.unexpected, society.lost(), society.strayed(), repeats):
        for line in lines[:5]:
            progress(line)
    for line in (society.lost() + society.strayed())[:2]:
        progress("\n".join(["the diary of its writer:", *society.diary_of(line)]))
    over = max(0, len(repeats) - havoc.shown_twice)
    took = [seconds for _, seconds in havoc.recoveries]
    conditions |= {"seed": seed, "bots": bots, "people": len(people), "seconds": seconds, "rate": RATE}
    return Report(
        "chaos",
        conditions,
        (
            at_least("chaos.kills", havoc.kills, "kill -9", 10 if quick else 200),
            none_of("chaos.lost", verdict.lost, "messages neither shown nor answered"),
            none_of("chaos.misdelivered", verdict.misdelivered, "messages shown to somebody else"),
            none_of("chaos.inversions", verdict.inversions, "messages out of order"),
            none_of("chaos.broken_pairs", len(scanner.broken), "broken invariants in all scans"),
            none_of("chaos.repeats_over_inflight", over, "repeats that no call under way explains"),
            at_most("chaos.recovery_p99_s", quantile(took, 0.99), "s until it serves again", RECOVERY_GOAL),
            plain("chaos.recovery_median_s", quantile(took, 0.5), "s"),
            plain("chaos.freezes", havoc.freezes, "SIGSTOP beyond the lease"),
            none_of("chaos.unexpected_ends", len(havoc.unexpected), "processes that ended by themselves"),
            plain("chaos.repeats", verdict.repeats, "messages shown twice"),
            plain("chaos.messages", verdict.written, "messages written"),
            plain("chaos.told", verdict.told, "answered to their writer instead"),
            plain("chaos.conversations", verdict.conversations, "conversations"),
            plain("chaos.scans", scanner.looks, "scans"),
            none_of("chaos.breaches", totals["bot_breaches"] + totals["chat_breaches"], "limits broken"),
        ),
    )


async def _quiet(society: Society, seconds: float) -> None:
    """Until every text is shown or answered, or it has been waited for long enough."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while society.open_texts() and loop.time() < end:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
