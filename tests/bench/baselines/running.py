"""The baselines as running processes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from core.state.redis.client import Command, RedisClient
from simulator.app import Simulator
from simulator.world.actors import Bot
from tests.bench.load import Crowd, Talker

READY_SECONDS = 60.0


@asynccontextmanager
async def baseline(name: str, *args: str) -> AsyncIterator[int]:
    """`tests.bench.baselines.<name>` from when it polls until the block ends; its process id."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.bench.baselines.{name}", *args),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None, "it was asked for"
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        if line.strip() != b"ready":
            raise RuntimeError(f"the baseline {name} did not start")
        yield process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def echoing(simulator: Simulator, bot: Bot, people: int) -> Crowd:
    """People of a bot that echoes: each is their own partner."""
    crowd = Crowd(simulator)
    for _ in range(people):
        crowd.alone(bot)
    return crowd


async def introduce(redis_url: str, couples: Sequence[tuple[Talker, Talker]]) -> None:
    """Tell the plain relay who talks with whom."""
    async with RedisClient(redis_url, "fast") as client:
        commands: list[Command] = []
        for couple in couples:
            for talker in couple:
                partner = talker.partner
                key = f"partner:{talker.person.id}"
                commands.append(("SET", key, f"{partner.bot.id}:{partner.person.id}"))
        await client.pipeline(commands)
