"""`bench front`: what a message costs that Telegram brings through an nginx, against one that is polled for.

Two networks of two bots on one machine, the same people on both, in turn at the paced rate and with a
backlog. Counted are the shards and Redis, and in front of the webhooks the nginx.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench import proc
from tests.bench.load import UNLIMITED, Crowd, breaches, rates, staged
from tests.bench.report import Progress, Report, machine, middle, none_of, plain, quantile
from tests.harness.network import Network
from tests.harness.nginx import PROGRAM, Front, nginx

BOTS, PEOPLE, PACE = 2, 60, 28.0
BACKLOG_PEOPLE = 400


@dataclass(slots=True)
class _Way:
    """One way that updates come; µs CPU a message, by round."""

    name: str
    network: Network
    crowd: Crowd
    pids: list[int]
    costs: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


async def run(quick: bool, progress: Progress) -> Report:
    """CPU of both ways at the paced rate and saturated, and their latency; nothing lost or out of order."""
    rounds, seconds = (2, 4.0) if quick else (5, 20.0)
    conditions = machine()
    if PROGRAM is None:
        raise SystemExit("this bench needs an nginx: apt-get install nginx-light")
    ratios: dict[str, tuple[list[_Way], float]] = {}
    scenes: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("paced", PEOPLE, {}),
        ("saturated", BACKLOG_PEOPLE, {"caps": UNLIMITED, "send_rate": 1000}),
    )
    for name, people, settings in scenes:
        progress(f"{name}: starting {BOTS} shards that poll and {BOTS} behind an nginx")
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="duo-")))
            front = await stack.enter_async_context(nginx(folder, folder / "hooks"))
            polled = await stack.enter_async_context(staged(BOTS, people, **settings))
            brought = await stack.enter_async_context(
                staged(BOTS, people, webhook_url=front.url, webhook_sockets=folder / "hooks", **settings)
            )
            ways = [_way("polling", *polled, None), _way("webhook", *brought, front)]
            for way in ways:
                await way.crowd.write(rates(way.network, 20.0), 1.5)
                await way.crowd.settled(5)
            for number in range(rounds):
                for way in ways:
                    progress(f"{name}, round {number + 1} of {rounds}: {way.name}")
                    await (_paced(way, seconds) if name == "paced" else _saturated(way))
            ratios[name] = ways, middle(ways[1].costs) / middle(ways[0].costs)
            if name == "paced":
                broken = breaches(ways[1].network.simulator)
    verdicts = [way.crowd.ledger() for ways, _ in ratios.values() for way in ways]
    conditions |= {"bots": BOTS, "people_per_bot": PEOPLE, "pace": PACE, "rounds": rounds, "seconds": seconds}
    figures = [
        none_of("front.lost", sum(v.lost for v in verdicts), "messages"),
        none_of("front.inversions", sum(v.inversions for v in verdicts), "messages out of order"),
        none_of("front.repeats", sum(v.repeats for v in verdicts), "messages"),
        none_of("front.breaches", broken, "arrivals above a limit"),
    ]
    for name, (ways, ratio) in ratios.items():
        figures.append(plain(f"front.{name}_ratio", ratio, "x the CPU of polling"))
        figures += [
            plain(f"front.{name}_{way.name}_us", middle(way.costs), "us CPU a message") for way in ways
        ]
    figures += [
        plain(f"front.{way.name}_ms", quantile(way.waits, 0.5), "ms, median at the paced rate")
        for way in ratios["paced"][0]
    ]
    return Report("front", conditions, tuple(figures))


def _way(name: str, network: Network, crowd: Crowd, front: Front | None) -> _Way:
    redis = network.redis.pid
    assert redis is not None, "Redis runs"
    doors = [] if front is None else [front.pid, *proc.children(front.pid)]
    return _Way(name, network, crowd, [*proc.shards(network), redis, *doors])


async def _paced(way: _Way, seconds: float) -> None:
    begin, before = time.monotonic(), way.crowd.shown
    spent = proc.cpu_seconds(way.pids)
    await way.crowd.write(rates(way.network, PACE), seconds)
    end = time.monotonic()
    await way.crowd.settled(5)
    spent = proc.cpu_seconds(way.pids) - spent
    way.costs.append(spent / (way.crowd.shown - before) * 1e6)
    way.waits += way.crowd.waits_ms(begin, end)


async def _saturated(way: _Way) -> None:
    # So that no chat is asked to take two messages within its second.
    await asyncio.sleep(1.1)
    before, spent = way.crowd.shown, proc.cpu_seconds(way.pids)
    bots = [int(bot) for bot in way.network.bots]
    for at in range(BOTS * BACKLOG_PEOPLE):
        way.crowd.one(bots[at % BOTS])
    await way.crowd.settled(60, quiet=1.0)
    spent = proc.cpu_seconds(way.pids) - spent
    way.costs.append(spent / (way.crowd.shown - before) * 1e6)
