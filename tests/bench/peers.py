"""`bench peers`: what other libraries' limiters make of twice the cap, beside ours, at one simulator.

Every program has a bot of its own, all run at the same time, and each hands its library twice the cap
for a while; then what is queued may go on for as long again. Programs and versions: limiters/README.md.
They are installed from their registries into environments of their own (once, kept in the user's cache);
one that cannot be had here is said so, and its figures are -1.
"""

import asyncio
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from simulator.app import Options, Simulator
from simulator.limits.judge import Record
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from tests.bench.load import Crowd
from tests.bench.report import Figure, Progress, Report, at_least, machine, none_of, plain
from tests.harness.network import running
from tests.simulator.foreign.clients import Foreign, NotInstallable, command

CAP = 30
PEOPLE = 60
SETTLE_SECONDS = 3.0
"""What the first seconds bring is a burst: the share is measured after them, breaches from the first on."""

QUICK_SECONDS = 44.0
"""A quick run's load is over by then."""

_HERE = Path(__file__).parent / "limiters"
PEERS = (
    Foreign(
        "python-telegram-bot-limiter",
        str(_HERE / "ptb.py"),
        ("python-telegram-bot[rate-limiter]==22.8",),
    ),
    Foreign(
        "grammY-throttler",
        str(_HERE / "grammy.mjs"),
        ("grammy@1.46.0", "@grammyjs/transformer-throttler@1.2.1", "@grammyjs/auto-retry@2.0.2"),
        npm=True,
    ),
    Foreign("fixed windows as in teloxide", str(_HERE / "fixed_windows.py"), ()),
)
_SHORT = ("ptb", "grammy", "teloxide")


@dataclass(slots=True)
class _Peer:
    """One program, and what the people of its bot were shown: chat's place, number, when."""

    short: str
    bot: Bot
    people: list[Person]
    process: asyncio.subprocess.Process
    shown: list[tuple[int, int, float]] = field(default_factory=list)
    lost: int = 0


async def run(quick: bool, progress: Progress) -> Report:
    """Share of the cap used, breaches, inversions, losses: ours and each peer's."""
    begun, seconds = time.monotonic(), 60.0
    conditions = machine()
    # Programs that end leave calls under way; the simulator's server need not tell of each.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    words = await _install(progress)
    progress("starting a shard of ours and the peers")
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(
            running(1, options=Options(port=0, bots=1), log_level="warning", wait=False)
        )
        simulator = network.simulator
        crowd = Crowd(simulator)
        own_bot, couples = network.bots[0], crowd.ring(PEOPLE)
        starts = [_start(stack, simulator, short, *how) for short, how in words.items() if how is not None]
        peers, _, _ = await asyncio.gather(
            asyncio.gather(*starts),
            network.serving([own_bot], seconds=60),
            crowd.seat(network.settings, couples),
        )
        by_bot = {peer.bot.id: peer for peer in peers}

        def shown(_: Person, bot: Bot, message: Message) -> None:
            if (peer := by_bot.get(bot.id)) is not None:
                place, _, number = message.body["text"][1:].partition(" ")
                peer.shown.append((int(place), int(number), time.monotonic()))

        simulator.world.hooks.on_shown.append(shown)
        if quick:
            seconds = max(SETTLE_SECONDS + 3, min(12.0, (QUICK_SECONDS - (time.monotonic() - begun)) / 2))
        progress(f"{2 * CAP} messages a second to each for {seconds:.0f} s")
        began = time.monotonic()
        for peer in peers:
            _stdin(peer).write(f"{seconds}\n".encode())
        await crowd.write({own_bot: 2.0 * CAP}, seconds, even=True)
        end = time.monotonic()
        progress("what is queued may go on")
        await crowd.settled(seconds)
        await asyncio.sleep(max(0.0, began + 2 * seconds - time.monotonic()))
        for peer in peers:
            await _end(peer)
        window = (began + SETTLE_SECONDS, end)
        ours = sum(sum(chats.values()) for chats in crowd.shown_by_bot(*window).values())
        verdict = crowd.ledger()
        records: dict[int, Record] = {bot: simulator.judge.record(bot) for bot in simulator.world.bots}
    own = records[own_bot]
    length = window[1] - window[0]
    figures = [
        at_least("peers.ours_share", ours / length / CAP, "of the cap", 0.98),
        none_of("peers.ours_breaches", own.bot_breaches + own.chat_breaches, "arrivals above a limit"),
        none_of("peers.ours_too_many", own.refused, "429s"),
        none_of("peers.ours_inversions", verdict.inversions, "messages out of order"),
        none_of("peers.ours_lost", verdict.lost, "messages"),
    ]
    by_name = {peer.short: peer for peer in peers}
    for short in _SHORT:
        figures += _figures(short, by_name.get(short), records, window)
    conditions |= {"people_per_bot": PEOPLE, "offered_per_s": 2 * CAP, "seconds": round(seconds, 1)}
    conditions |= {
        short: " ".join(foreign.packages) or "on aiohttp"
        for short, foreign in zip(_SHORT, PEERS, strict=True)
        if words[short] is not None
    }
    return Report("peers", conditions, tuple(figures))


async def _install(progress: Progress) -> dict[str, tuple[list[str], dict[str, str]] | None]:
    """How to start each; None where it cannot be had."""
    found: dict[str, tuple[list[str], dict[str, str]] | None] = {}
    for short, foreign in zip(_SHORT, PEERS, strict=True):
        progress(f"{foreign.name}: {' '.join(foreign.packages) or 'nothing to install'}")
        try:
            found[short] = await asyncio.to_thread(command, foreign)
        except NotInstallable as why:
            progress(f"left out: {why}")
            found[short] = None
    return found


async def _start(
    stack: AsyncExitStack, simulator: Simulator, short: str, words: Sequence[str], env: dict[str, str]
) -> _Peer:
    world = simulator.world
    bot = world.create_bot()
    people = [world.people.create() for _ in range(PEOPLE)]
    for person in people:
        world.private(bot, person).started = True
    process = await asyncio.create_subprocess_exec(
        *(*words, simulator.url, bot.token, str(2 * CAP)),
        ",".join(str(person.id) for person in people),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "", **env},
    )
    stack.callback(lambda: process.kill() if process.returncode is None else None)
    assert process.stdout is not None, "it was asked for"
    if (await process.stdout.readline()).strip() != b"ready":
        raise RuntimeError(f"the program {short} did not start")
    return _Peer(short, bot, people, process)


def _stdin(peer: _Peer) -> asyncio.StreamWriter:
    assert peer.process.stdin is not None, "it was asked for"
    return peer.process.stdin


async def _end(peer: _Peer) -> None:
    """Ask for its counts: what the library called sent or gave up, and nobody was shown, is lost."""
    _stdin(peer).close()
    out, _ = await peer.process.communicate()
    count = json.loads(out)
    peer.lost = max(0, count["done"] + count["failed"] - len({(p, n) for p, n, _ in peer.shown}))


def _figures(
    short: str, peer: _Peer | None, records: Mapping[int, Record], window: tuple[float, float]
) -> list[Figure]:
    if peer is None:
        values = dict.fromkeys(("share", "breaches", "too_many", "inversions", "lost"), float("inf"))
    else:
        begin, end = window
        record = records[peer.bot.id]
        values = {
            "share": sum(begin <= at < end for _, _, at in peer.shown) / (end - begin) / CAP,
            "breaches": record.bot_breaches + record.chat_breaches,
            "too_many": record.refused,
            "inversions": _inversions(peer),
            "lost": peer.lost,
        }
    units = {
        "share": "of the cap",
        "breaches": "arrivals above a limit",
        "too_many": "429s",
        "inversions": "messages out of order",
        "lost": "messages that the library gave up",
    }
    return [plain(f"peers.{short}_{name}", value, units[name]) for name, value in values.items()]


def _inversions(peer: _Peer) -> int:
    """How often somebody was shown a text after a later one."""
    chats: dict[int, list[int]] = {}
    for place, number, _ in peer.shown:
        chats.setdefault(place, []).append(number)
    return sum(after < before for got in chats.values() for before, after in pairwise(got))
