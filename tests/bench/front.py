"""`bench front`: what a message costs that Telegram brings through an nginx, against one that is polled for.

Two networks of two bots on one machine, in turn at a steady pace and with a backlog. Counted are the
shards and Redis, and in front of the webhooks the nginx.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench import proc
from tests.bench.load import UNLIMITED, Crowd, rates, staged
from tests.bench.report import Progress, Report, machine, middle, none_of, plain, quantile
from tests.harness.network import Network
from tests.harness.nginx import PROGRAM, Front, nginx

BOTS, PEOPLE, PACE = 2, 400, 20.0
QUICK_SECONDS = 28.0
"""A quick run that began its rounds late has shorter ones, of `SHORTEST` seconds at least."""

SHORTEST = 2.0


@dataclass(slots=True)
class _Way:
    """One way that updates come; µs CPU a message, by round."""

    name: str
    network: Network
    crowd: Crowd
    pids: list[int]
    paced: list[float] = field(default_factory=list)
    saturated: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


async def run(quick: bool, progress: Progress) -> Report:
    """CPU of both ways at the paced rate and saturated, and their latency; nothing lost or out of order."""
    begun = time.monotonic()
    rounds, seconds = (1, 5.0) if quick else (5, 20.0)
    conditions = machine()
    if PROGRAM is None:
        raise SystemExit("this bench needs an nginx: apt-get install nginx-light")
    progress(f"starting {BOTS} shards that poll and {BOTS} behind an nginx")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="duo-")))
        front = await stack.enter_async_context(nginx(folder, folder / "hooks"))
        hooks: dict[str, Any] = {"webhook_url": front.url, "webhook_sockets": folder / "hooks"}
        # Telegram does not limit, so that the programs do when there is a backlog.
        free: dict[str, Any] = {"caps": UNLIMITED, "send_rate": 1000}
        polled, brought = await asyncio.gather(
            stack.enter_async_context(staged(BOTS, PEOPLE, **free)),
            stack.enter_async_context(staged(BOTS, PEOPLE, **free, **hooks)),
        )
        ways = [_way("polling", *polled, None), _way("webhook", *brought, front)]
        for way in ways:
            await way.crowd.write(rates(way.network, PACE), 1.5)
            await way.crowd.settled(5)
        if quick:
            seconds = max(SHORTEST, min(seconds, (QUICK_SECONDS - (time.monotonic() - begun)) / 2))
        for number in range(rounds):
            for way in ways:
                progress(f"round {number + 1} of {rounds}: {way.name}, {PACE:g} a second and bot")
                await _paced(way, seconds)
            for way in ways:
                progress(f"round {number + 1} of {rounds}: {way.name}, a backlog")
                await _saturated(way)
        verdicts = [way.crowd.ledger() for way in ways]
    polling, webhook = ways
    conditions |= {"bots": BOTS, "people_per_bot": PEOPLE, "pace": PACE, "rounds": rounds, "seconds": seconds}
    return Report(
        "front",
        conditions,
        (
            none_of("front.lost", sum(v.lost for v in verdicts), "messages"),
            none_of("front.inversions", sum(v.inversions for v in verdicts), "messages out of order"),
            none_of("front.repeats", sum(v.repeats for v in verdicts), "messages"),
            plain(
                "front.paced_ratio", middle(webhook.paced) / middle(polling.paced), "x polling's CPU, paced"
            ),
            plain(
                "front.saturated_ratio",
                middle(webhook.saturated) / middle(polling.saturated),
                "x polling's CPU, with a backlog",
            ),
            *(plain(f"front.paced_{way.name}_us", middle(way.paced), "us CPU a message") for way in ways),
            *(
                plain(f"front.saturated_{way.name}_us", middle(way.saturated), "us CPU a message")
                for way in ways
            ),
            *(plain(f"front.{way.name}_ms", quantile(way.waits, 0.5), "ms, median, paced") for way in ways),
        ),
    )


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
    way.paced.append(spent / (way.crowd.shown - before) * 1e6)
    way.waits += way.crowd.waits_ms(begin, end)


async def _saturated(way: _Way) -> None:
    # So that no chat is asked to take two messages within its second.
    await asyncio.sleep(1.1)
    before, spent = way.crowd.shown, proc.cpu_seconds(way.pids)
    bots = [int(bot) for bot in way.network.bots]
    for at in range(BOTS * PEOPLE):
        way.crowd.one(bots[at % BOTS])
    await way.crowd.settled(60, quiet=1.0)
    spent = proc.cpu_seconds(way.pids) - spent
    way.saturated.append(spent / (way.crowd.shown - before) * 1e6)
