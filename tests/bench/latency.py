"""`bench latency`: from Telegram having a message to the send arriving, against a bare echo bot."""

import asyncio
import time
from contextlib import AsyncExitStack

from tests.bench.baselines.running import baseline, echoing
from tests.bench.load import Crowd, staged
from tests.bench.report import Progress, Report, at_most, machine, middle, plain, quantile

LOAD = 0.7 * 30
PEOPLE = 60
GAP = 0.03
"""Seconds between a message's arrival and the next one, one at a time."""


async def run(quick: bool, progress: Progress) -> Report:
    """Medians of ours and of the echo's, in turn; the ratio is the worse of idle and loaded."""
    rounds, singles, seconds = (2, 25, 4.0) if quick else (5, 100, 15.0)
    conditions = machine()
    progress("starting 2 shards and an echo bot")
    async with AsyncExitStack() as stack:
        network, ours = await stack.enter_async_context(staged(2, PEOPLE))
        simulator = network.simulator
        shards = [int(bot) for bot in network.bots]
        bot = simulator.world.create_bot()
        echo = echoing(simulator, bot, PEOPLE)
        await stack.enter_async_context(baseline("echo", simulator.url, bot.token))
        await asyncio.gather(_warm(ours, shards), _warm(echo, [bot.id]))
        idle: dict[str, list[float]] = {"ours": [], "echo": []}
        load: dict[str, list[float]] = {"ours": [], "echo": []}
        for number in range(rounds):
            for name, crowd, bots in (("ours", ours, shards), ("echo", echo, [int(bot.id)])):
                progress(f"round {number + 1} of {rounds}, {name}: one at a time, then at 70 % load")
                idle[name] += await _one_at_a_time(crowd, bots, singles)
                load[name] += await _loaded(crowd, bots, seconds)
    conditions |= {"rounds": rounds, "singles": singles, "load_per_token": LOAD, "load_seconds": seconds}
    conditions |= {"durability": network.settings.durability}
    idle_ratio = middle(idle["ours"]) / middle(idle["echo"])
    load_ratio = middle(load["ours"]) / middle(load["echo"])
    return Report(
        "latency",
        conditions,
        (
            at_most("latency.ratio", max(idle_ratio, load_ratio), "x the echo's median", 2.0),
            plain("latency.ratio_idle", idle_ratio, "x the echo's median"),
            plain("latency.ratio_load", load_ratio, "x the echo's median"),
            plain("latency.idle_ms", middle(idle["ours"]), "ms, median"),
            plain("latency.echo_idle_ms", middle(idle["echo"]), "ms, median"),
            plain("latency.load_ms", middle(load["ours"]), "ms, median"),
            plain("latency.echo_load_ms", middle(load["echo"]), "ms, median"),
            plain("latency.idle_p99_ms", quantile(idle["ours"], 0.99), "ms"),
            plain("latency.load_p99_ms", quantile(load["ours"], 0.99), "ms"),
            plain("latency.echo_load_p99_ms", quantile(load["echo"], 0.99), "ms"),
        ),
    )


async def _warm(crowd: Crowd, bots: list[int]) -> None:
    await crowd.write(dict.fromkeys(bots, 15.0), 1.5)
    await crowd.settled(5)


async def _one_at_a_time(crowd: Crowd, bots: list[int], count: int) -> list[float]:
    begin = time.monotonic()
    for at in range(count):
        crowd.one(bots[at % len(bots)])
        await crowd.settled(5)
        await asyncio.sleep(GAP)
    return crowd.waits_ms(begin, time.monotonic())


async def _loaded(crowd: Crowd, bots: list[int], seconds: float) -> list[float]:
    begin = time.monotonic()
    await crowd.write(dict.fromkeys(bots, LOAD), seconds)
    end = time.monotonic()
    await crowd.settled(5)
    return crowd.waits_ms(begin, end)
