"""`bench cost`: CPU a message across bots costs, ours against a plain relay and a bare echo bot.

Ours is both shards and Redis; the plain relay's is its process and its Redis; the echo's is its
process. Saturated: a backlog is worked off as fast as each can, nothing limits. Paced: 30 a
second and token, where caches are cold and every message wakes processes.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from core.domain.ids import BotId
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from deploy.embedded import EmbeddedRedis
from simulator.app import Simulator
from simulator.world.actors import Bot
from tests.bench import proc
from tests.bench.baselines.running import baseline, echoing, introduce
from tests.bench.load import UNLIMITED, Crowd, staged
from tests.bench.report import Figure, Progress, Report, at_most, machine, middle, plain
from tests.harness.network import SECRET, Network

PACE = 30.0
PACED_PEOPLE = 60
LEAD_SECONDS = 4.0
"""How long the pace is kept before it counts: a shard takes some seconds to know that it stays."""


@dataclass(slots=True)
class _Program:
    """One program under test: its people, its bots, its processes; µs a message, by round."""

    name: str
    crowd: Crowd
    bots: list[int]
    pids: list[int]
    costs: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)


async def run(quick: bool, progress: Progress) -> Report:
    """Ratios of medians over rounds, the programs in turn."""
    rounds, messages, paced_rounds, paced_seconds = (2, 800, 1, 3.0) if quick else (5, 8_000, 5, 20.0)
    people = messages // 2
    conditions = machine()
    progress("starting 4 shards, a plain relay and an echo bot")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="duo-")))
        plain_redis = await stack.enter_async_context(EmbeddedRedis(folder / "redis", {"appendonly": "no"}))
        network, fast_crowd = await stack.enter_async_context(
            staged(2, people, caps=UNLIMITED, send_rate=1000)
        )
        simulator = network.simulator
        redis, plain_pid = network.redis.pid, plain_redis.pid
        assert redis is not None, "Redis runs"
        assert plain_pid is not None, "Redis runs"
        fast = [int(bot) for bot in network.bots]
        fast_pids = proc.shards(network)
        paced_bots, paced_crowd = await _paced_pair(network, simulator)
        paced_pids = [pid for pid in proc.shards(network) if pid not in fast_pids]

        relays = [simulator.world.create_bot() for _ in range(2)]
        relay_crowd = Crowd(simulator)
        await introduce(plain_redis.url, relay_crowd.ring(people, relays))
        echo_bot = simulator.world.create_bot()
        echo_crowd = echoing(simulator, echo_bot, people)
        # Side by side: each needs seconds to load what it is made of.
        relay_pid, echo_pid = await asyncio.gather(
            stack.enter_async_context(
                baseline("relay", simulator.url, plain_redis.url, *(bot.token for bot in relays))
            ),
            stack.enter_async_context(baseline("echo", simulator.url, echo_bot.token)),
        )

        relay_ids = [int(bot.id) for bot in relays]
        relay_pids = [relay_pid, plain_pid]
        saturated = [
            _Program("ours", fast_crowd, fast, [*fast_pids, redis]),
            _Program("relay", relay_crowd, relay_ids, relay_pids),
            _Program("echo", echo_crowd, [int(echo_bot.id)], [echo_pid]),
        ]
        paced = [
            _Program("ours", paced_crowd, paced_bots, [*paced_pids, redis]),
            _Program("relay", relay_crowd, relay_ids, relay_pids),
        ]
        for program in saturated[:2]:
            await _warm(program)
        for number in range(rounds):
            for program in saturated:
                progress(f"round {number + 1} of {rounds}, saturated: {program.name}")
                await _saturated(program, messages)
        for number in range(paced_rounds):
            for program in paced:
                progress(f"round {number + 1} of {paced_rounds}, 30/s a token: {program.name}")
                await _paced(program, paced_seconds, paced_pids)
    conditions |= {"rounds": rounds, "messages": messages, "paced_rounds": paced_rounds}
    conditions |= {"paced_seconds": paced_seconds}
    conditions |= {"durability": network.settings.durability}
    return Report("cost", conditions, _figures(saturated, paced))


def _figures(saturated: Sequence[_Program], paced: Sequence[_Program]) -> tuple[Figure, ...]:
    ours, relay, echo = (middle(program.costs) for program in saturated)
    paced_ours, paced_relay = (middle(program.costs) for program in paced)
    return (
        at_most("cost.ratio_relay", ours / relay, "x the plain relay's CPU, saturated", 0.15),
        at_most("cost.ratio_echo", ours / echo, "x the echo's CPU, saturated", 1.0),
        at_most("cost.paced_ratio_relay", paced_ours / paced_relay, "x the plain relay's CPU, paced", 0.5),
        at_most("cost.paced_core_share", middle(paced[0].cores), "of a core a shard, at 30/s", 0.04),
        plain("cost.ours_us", ours, "us CPU a message, saturated"),
        plain("cost.relay_us", relay, "us CPU a message, saturated"),
        plain("cost.echo_us", echo, "us CPU a message, saturated"),
        plain("cost.paced_ours_us", paced_ours, "us CPU a message, paced"),
        plain("cost.paced_relay_us", paced_relay, "us CPU a message, paced"),
    )


async def _paced_pair(network: Network, simulator: Simulator) -> tuple[list[int], Crowd]:
    """Two more shards, with Telegram's cap, and people who talk across them."""
    bots: list[Bot] = [simulator.world.create_bot() for _ in range(2)]
    async with Database(network.settings.database_url or "") as database:
        table = Bots(database, TokenCipher(SECRET))
        for bot in bots:
            await table.add(BotId(bot.id), bot.username, bot.token)
    for bot in bots:
        network.start_shard(BotId(bot.id), send_rate=PACE)
    await network.serving([BotId(bot.id) for bot in bots])
    crowd = Crowd(simulator)
    await crowd.seat(network.settings, crowd.ring(PACED_PEOPLE, bots))
    return [int(bot.id) for bot in bots], crowd


async def _warm(program: _Program) -> None:
    await program.crowd.write(dict.fromkeys(program.bots, 25.0), 1.5)
    await program.crowd.settled(10)


async def _saturated(program: _Program, messages: int) -> None:
    # So that no chat is asked to take two messages within its second.
    await asyncio.sleep(1.1)
    before = program.crowd.shown
    spent = proc.cpu_seconds(program.pids)
    for at in range(messages):
        program.crowd.one(program.bots[at % len(program.bots)])
    await program.crowd.settled(60, quiet=1.0)
    await asyncio.sleep(0.2)
    spent = proc.cpu_seconds(program.pids) - spent
    program.costs.append(spent / (program.crowd.shown - before) * 1e6)


async def _paced(program: _Program, seconds: float, shards: Sequence[int]) -> None:
    writing = asyncio.create_task(
        program.crowd.write(dict.fromkeys(program.bots, PACE), LEAD_SECONDS + seconds)
    )
    await asyncio.sleep(LEAD_SECONDS)
    before, began = program.crowd.shown, time.monotonic()
    spent, of_shards = proc.cpu_seconds(program.pids), proc.cpu_seconds(shards)
    await asyncio.wait((writing,), timeout=seconds)
    elapsed = time.monotonic() - began
    spent = proc.cpu_seconds(program.pids) - spent
    of_shards = proc.cpu_seconds(shards) - of_shards
    program.costs.append(spent / (program.crowd.shown - before) * 1e6)
    program.cores.append(of_shards / len(shards) / elapsed)
    await writing
    await program.crowd.settled(10)
