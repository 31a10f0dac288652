"""How many calls the simulated Telegram bears on one core, so that nobody takes its limit for ours."""

import asyncio
import time

from simulator.app import Options, running
from tests.bench.baselines.running import baseline
from tests.bench.load import UNLIMITED

CALLERS = 16
SECONDS = 1.0


async def calls_per_core() -> float:
    """Texts sent for each second of CPU of this process, which does nothing else."""
    async with running(Options(port=0, bots=1, caps=UNLIMITED)) as simulator:
        world = simulator.world
        (bot,) = world.bots.values()
        people = [world.people.create() for _ in range(CALLERS)]
        for person in people:
            world.private(bot, person).started = True
        async with baseline("caller", simulator.url, bot.token, *(str(person.id) for person in people)):
            record = simulator.judge.record(bot.id)
            await asyncio.sleep(0.2)
            begin, calls = time.process_time(), record.calls
            await asyncio.sleep(SECONDS)
            return (record.calls - calls) / (time.process_time() - begin)
