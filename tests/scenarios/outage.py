"""`python -m tests.scenarios.outage [--seconds 3600]`: Telegram is away for so long, and comes back.

Pairs on three bots have talked before. Then no call reaches Telegram any more; at the last bot updates
still come in, so that what is written to its people waits in Redis instead. People go on writing, which
Telegram keeps, and two who were alone look for a partner. Ends with 1 and says why when afterwards anything
is lost, out of order, shown to others or twice, a process has ended, took more memory or wrote more than
`GROWTH_MIB` and `LINES`, or a bot does not show anything within `AGAIN` seconds.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable

import uvloop

from simulator.faults.rules import Kind, Rule
from tests.bench.proc import pid, private_mib
from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import breaches, complete, met
from tests.harness.waiting import until

PAIRS = 6
WRITES_EVERY = 60.0
"""Seconds between two texts of a person; at least `LEAST` are written in a short outage."""

LEAST = 8
GROWTH_MIB = 8.0
LINES = 200
"""Of a process' log, in an hour as in a minute: what goes on is not said each time."""

AGAIN = 10.0
TELL_EVERY = 300.0


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.outage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3_600.0)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(parser.parse_args().seconds))


async def _run(seconds: float) -> int:
    began = time.monotonic()

    def say(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.1f} s  {line}\n")
        sys.stdout.flush()

    async with running(3, coordinators=2) as network:
        pairs = await met(network, PAIRS)
        seekers = [pairs.add(bot) for bot in list(network.simulator.world.bots.values())[:2]]
        await pairs.join(seekers)
        await pairs.talk(messages=10, rate=0.5)
        await pairs.settled(30)
        before, memory = pairs.evaluate(), _memory(network)
        say(f"talked: {before}; {_told(memory)}")
        *cut_off, half = network.bots
        faults = network.simulator.faults
        faults.add(Rule(kind=Kind.RESET_BEFORE, bots=tuple(cut_off)))
        faults.add(Rule(kind=Kind.RESET_BEFORE, methods=("sendMessage",), bots=(half,)))
        most = await _away(network, pairs, seconds, memory, say)
        for seeker in seekers:
            pairs.say(seeker, "/find")
        faults.remove()
        back = time.monotonic()
        say(f"Telegram is back, {pairs.missing()} texts are on their way")
        await until(lambda: _all_show(pairs, back), 120, "every bot to show something")
        again = max(_first_shows(pairs, back).values()) - back
        await until(lambda: all(s.last_offers("menu:next") for s in seekers), 60, "the seekers to meet")
        await pairs.settled(300)
        say(f"all is shown {time.monotonic() - back:.1f} s after it; serves again after {again:.1f} s")
        verdict = pairs.evaluate()
        grew = {name: most[name] - memory[name] for name in memory}
        lines = {name: network.log(name).count("\n") for name in network.processes}
        broken, ended = breaches(network), network.ended()
    say(f"{verdict}")
    say(f"grew at most {_told(grew)}; lines of log {lines}; limits broken {broken}; ended {ended}")
    good = complete(verdict) and verdict.repeats == 0 and broken == 0 and not ended
    good = good and again <= AGAIN and max(grew.values()) <= GROWTH_MIB and max(lines.values()) <= LINES
    say("holds" if good else "does not hold")
    return 0 if good else 1


async def _away(
    network: Network, pairs: Pairs, seconds: float, memory: dict[str, float], say: Callable[[str], None]
) -> dict[str, float]:
    """The outage: everybody goes on writing. The most memory of each process."""
    end = time.monotonic() + seconds
    every = min(WRITES_EVERY, seconds / LEAST)
    told = time.monotonic()
    most = dict(memory)
    while (left := end - time.monotonic()) > 0:
        for member in pairs.members:
            if member.partner is not None:
                pairs.write(member)
        await asyncio.sleep(min(every, left))
        now = _memory(network)
        most = {name: max(most[name], now[name]) for name in most}
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            say(f"away: {pairs.missing()} on their way; {_told(now)}; ended {network.ended()}")
    return most


def _memory(network: Network) -> dict[str, float]:
    return {name: private_mib(pid(network, name)) for name in network.processes}


def _told(memory: dict[str, float]) -> str:
    return ", ".join(f"{name} {mib:.1f} MiB" for name, mib in memory.items())


def _first_shows(pairs: Pairs, after: float) -> dict[int, float]:
    firsts: dict[int, float] = {}
    for member in pairs.members:
        for _, _, at in member.seen:
            if at > after:
                firsts[member.bot.id] = min(at, firsts.get(member.bot.id, at))
    return firsts


def _all_show(pairs: Pairs, after: float) -> bool:
    return len(_first_shows(pairs, after)) == len({member.bot.id for member in pairs.members})


if __name__ == "__main__":
    sys.exit(main())
