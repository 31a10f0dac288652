"""`bench start`: from nothing to every shard having sent, with the one command that starts the network.

Cold: a data folder that does not exist, so servers with no data, no schema, tokens that nobody has
seen. Warm: the same folder after an orderly end. A shard has sent when somebody who presses START is
answered by its bot. And a clone of this repository: from `git clone` through `make up` to the first
text that one person wrote and another was shown.
"""

import asyncio
import math
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import aiohttp

from simulator.app import Options, Simulator, running
from simulator.client import Client, SimulatorRefused
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from tests.bench.report import Progress, Report, at_most, machine, middle, plain
from tests.deploy.up import COMMAND, REPOSITORY, environment
from tests.harness.ports import free_port
from tests.harness.waiting import until

FEW, FLEET = 3, 34
ROUNDS = 3
LIMIT_SECONDS = 120.0
LEAST_SECONDS = 3.0
"""With less time than this nothing is begun."""

QUICK_SECONDS = 43.0
"""A quick run begins to end by then."""


class NotMeasured(Exception):
    """Why there is no figure. It is shown as -1, holds nothing, and is named among the conditions."""


async def run(quick: bool, progress: Progress) -> Report:
    """Seconds until every shard has sent; medians over rounds."""
    conditions = machine()
    rounds = 1 if quick else ROUNDS
    end = time.monotonic() + (QUICK_SECONDS if quick else 1e9)

    def left() -> float:
        return min(LIMIT_SECONDS, end - time.monotonic())

    missed: list[str] = []

    async def measure(what: str, work: Coroutine[None, None, float]) -> float:
        progress(what)
        try:
            seconds = await work
        except NotMeasured as why:
            progress(f"  {why}")
            missed.append(f"{what} ({why})")
            return math.inf
        progress(f"  {seconds:.1f} s")
        return seconds

    cold: dict[int, list[float]] = {FLEET: [], FEW: []}
    warm: dict[int, list[float]] = {FLEET: [], FEW: []}
    for number in range(rounds):
        for bots in (FLEET, FEW):
            with tempfile.TemporaryDirectory(prefix="duo-") as folder:
                for name, into in (("cold", cold), ("warm", warm)):
                    what = f"{bots} shards, {name}, round {number + 1} of {rounds}"
                    into[bots].append(await measure(what, _up(bots, Path(folder) / "data", left)))
    clone = await measure("a clone of this repository", _clone(left))
    conditions |= {"rounds": rounds, "tokens": FLEET, "limit_s": QUICK_SECONDS if quick else LIMIT_SECONDS}
    conditions["not_measured"] = "; ".join(missed) or "nothing"
    return Report(
        "start",
        conditions,
        (
            at_most("start.fleet_s", middle(cold[FLEET]), "s, 34 shards cold until each has sent", 15.0),
            plain("start.fleet_warm_s", middle(warm[FLEET]), "s, 34 shards warm"),
            plain("start.few_s", middle(cold[FEW]), "s, 3 shards cold"),
            plain("start.few_warm_s", middle(warm[FEW]), "s, 3 shards warm"),
            plain("start.clone_s", clone, "s, git clone, make up, until a text was relayed"),
        ),
    )


async def _up(bots: int, data: Path, left: Callable[[], float]) -> float:
    """Seconds from `duologue up` to all bots having answered; it is stopped in order then."""
    _enough(left())
    async with running(Options(port=0, bots=bots)) as simulator:
        metrics, console = free_port(), free_port()
        settings = {
            "bot_tokens": ",".join(bot.token for bot in simulator.world.bots.values()),
            "telegram_api_url": simulator.url,
            "tokens_per_minute": 10_000,
            "data_dir": data,
            "metrics_port": metrics,
            "console_port": console,
        }
        began = time.monotonic()
        process = await _start([*COMMAND, "up"], REPOSITORY, environment(**settings))
        try:
            return await _all_answer(simulator, left()) - began
        finally:
            await _end(process)


def _enough(seconds: float) -> None:
    """Raises NotMeasured where so little time is left."""
    if seconds < LEAST_SECONDS:
        raise NotMeasured("no time left for it in a quick run")


async def _all_answer(simulator: Simulator, seconds: float) -> float:
    """Somebody new has pressed START at each bot; when each had been shown something. Raises NotMeasured."""
    world = simulator.world
    waiting = set(world.bots)

    def shown(_: Person, bot: Bot, __: Message) -> None:
        waiting.discard(bot.id)

    world.hooks.on_shown.append(shown)
    for bot in list(world.bots.values()):
        world.people.open(world.people.create(), bot)
    try:
        await until(lambda: not waiting, seconds, "every bot to answer")
    except AssertionError:
        raise NotMeasured(f"{len(waiting)} bots had not answered after {seconds:.0f} s") from None
    return time.monotonic()


async def _clone(left: Callable[[], float]) -> float:
    """Seconds from `git clone` to the first relayed text. Raises NotMeasured."""
    _enough(left())
    git, make = shutil.which("git"), shutil.which("make")
    if git is None or make is None or not (REPOSITORY / ".git").exists():
        raise NotMeasured("no git, no make, or no repository here")
    simulator, metrics, console = free_port(), free_port(), free_port()
    settings = {
        "simulator_port": simulator,
        "metrics_port": metrics,
        "console_port": console,
        "data_dir": ".duologue",
    }
    with tempfile.TemporaryDirectory(prefix="duo-") as folder:
        clone = Path(folder) / "clone"
        began = time.monotonic()
        await asyncio.to_thread(
            subprocess.run, [git, "clone", "-q", "--no-hardlinks", str(REPOSITORY), str(clone)], check=True
        )
        # Its own interpreter and packages, not those of this run.
        own = {name: value for name, value in environment(**settings).items() if name != "PYTHONPATH"}
        seconds = max(0.0, left())
        process = await _start([make, "up"], clone, own)
        try:
            async with asyncio.timeout(seconds):
                await _relayed(f"http://127.0.0.1:{simulator}")
            return time.monotonic() - began
        except TimeoutError:
            raise NotMeasured(f"no text was relayed after {seconds:.0f} s") from None
        finally:
            await _end(process)


async def _relayed(url: str) -> None:
    """Two people begin, agree, look for somebody and write: until a text of theirs was shown to another."""
    async with Client(url) as client:
        while True:
            try:
                bots = await client.bots()
                break
            except (aiohttp.ClientError, OSError, SimulatorRefused):
                await asyncio.sleep(0.1)
        people = dict(zip(await client.new_people(2), (bot.id for bot in bots), strict=False))
        for person, bot in people.items():
            await client.start(person, bot)
        after = 0
        while True:
            after, events = await client.events(after, wait=1)
            for event in events:
                entry = event.get("entry", {})
                message = entry.get("message", {})
                writer = message.get("text", "").removeprefix("hello from ")
                if event["kind"] == "shown" and writer in map(str, people):
                    return
                offered = [
                    button.get("callback_data", "")
                    for row in message.get("reply_markup", {}).get("inline_keyboard", [])
                    for button in row
                ]
                person, bot = event["person"], event["bot"]
                if event["kind"] != "shown" or people.get(person) != bot:
                    continue
                for data in offered:
                    if data.startswith(("consent:yes", "menu:find")):
                        await client.press(person, bot, data, entry["message_id"])
                    elif data.startswith("menu:next"):
                        await client.send(person, bot, f"hello from {person}")


async def _start(words: list[str], folder: Path, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the whole group to end in order; by force when it does not."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.returncode is not None:
            return
        os.killpg(process.pid, number)
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            continue
