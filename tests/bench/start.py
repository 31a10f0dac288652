"""`bench start`: from nothing to every shard having sent, 3 and 34 shards, cold and warm.

Cold: the process that all are forked from has imported nothing yet, servers have no data. Warm: all
shards are stopped in order and started again. Each shard has sent when somebody who presses START
is answered by its bot.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence

from core.domain.ids import BotId
from simulator.app import Options
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from tests.bench.report import Progress, Report, at_most, machine, middle, plain
from tests.harness.network import Network, running
from tests.harness.waiting import until

FEW, FLEET = 3, 34
LIMIT_SECONDS = 60.0
QUICK_LIMIT_SECONDS = 20.0
"""Who has not answered by then has not started: the figure is -1, and holds nothing."""


async def run(quick: bool, progress: Progress) -> Report:
    """Seconds until every shard has sent; medians over rounds of the warm starts."""
    rounds, limit = (1, QUICK_LIMIT_SECONDS) if quick else (5, LIMIT_SECONDS)
    conditions = machine()
    warm: dict[int, list[float]] = {}
    cold: dict[int, float] = {}
    progress("importing once, as the first process of a machine does")
    imports = await asyncio.to_thread(_imports)
    for bots in (FLEET, FEW):
        progress(f"{bots} shards, cold")
        began = time.monotonic()
        options = Options(port=0, bots=bots)
        async with running(bots, options=options, log_level="warning", wait=False) as network:
            answered = await _all_answer(network, network.bots, limit)
            # The process they are forked from lives on, so the second network finds its imports done.
            cold[bots] = answered - began + (imports if bots != FLEET else 0.0)
            for number in range(rounds):
                progress(f"{bots} shards, warm, round {number + 1} of {rounds}")
                await asyncio.gather(*(network.stop(f"shard:{bot}") for bot in network.bots))
                began = time.monotonic()
                for bot in network.bots:
                    network.start_shard(bot)
                warm.setdefault(bots, []).append(await _all_answer(network, network.bots, limit) - began)
    conditions |= {"rounds": rounds, "limit_s": limit}
    return Report(
        "start",
        conditions,
        (
            at_most("start.fleet_s", cold[FLEET], "s, 34 shards cold until each has sent", 15.0),
            plain("start.fleet_warm_s", middle(warm[FLEET]), "s, 34 shards warm"),
            plain("start.few_s", cold[FEW], "s, 3 shards cold"),
            plain("start.few_warm_s", middle(warm[FEW]), "s, 3 shards warm"),
            plain("start.imports_s", imports, "s of it: all imports, once a machine"),
        ),
    )


def _imports() -> float:
    """Seconds that a fresh process takes to import what a shard needs."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import tests.harness.preload"], check=True)
    return time.monotonic() - began


async def _all_answer(network: Network, bots: Sequence[BotId], seconds: float) -> float:
    """Somebody new presses START at each bot; when each had been shown something, infinity if not in time."""
    world = network.simulator.world
    waiting = {int(bot) for bot in bots}

    def shown(_: Person, bot: Bot, __: Message) -> None:
        waiting.discard(bot.id)

    world.hooks.on_shown.append(shown)
    try:
        for bot in bots:
            world.people.open(world.people.create(), world.bot(bot))
        await until(lambda: not waiting, seconds, "every bot to answer")
    except AssertionError:
        return float("inf")
    finally:
        world.hooks.on_shown.remove(shown)
    return time.monotonic()
