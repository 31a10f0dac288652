"""`python -m tests.scenarios.long [--pairs 200]`: pairs at full size, with everything killed.

200 pairs over 4 bots, half of them across two, 20 texts each way; in mid-run kill -9 of each shard,
the leader, its standby and Redis. Ends with 1 and says why when anything was lost, out of order,
shown to somebody else, repeated beyond what was under way, or above a limit of Telegram.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable

import uvloop

from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import breaches, complete, met
from tests.harness.waiting import until

MESSAGES = 20
RATE = 0.25
"""Texts a second that each of 400 people writes: 100 a second, over four bots of 30."""


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.long", description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(parser.parse_args().pairs))


async def _run(count: int) -> int:
    began = time.monotonic()

    def say(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {line}\n")
        sys.stdout.flush()

    async with running(4, coordinators=2, log_level="warning") as network:
        say("serving")
        pairs = await met(network, count)
        say(f"{count} pairs have met")
        talking = asyncio.ensure_future(pairs.talk(messages=MESSAGES, rate=RATE))
        await _havoc(network, pairs, say)
        await talking
        say("all is written")
        await pairs.settled(180)
        verdict = pairs.evaluate()
        most = max(pairs.repeats_by_member())
        broken = breaches(network)
        ended = network.ended()
    say(f"{verdict}; most repeats of one chat {most}; limits broken {broken}; ended {ended}")
    good = complete(verdict) and most <= 1 and broken == 0 and not ended
    good = good and verdict.sent == 2 * count * MESSAGES
    say("holds" if good else "does not hold")
    return 0 if good else 1


async def _havoc(network: Network, pairs: Pairs, say: Callable[[str], None]) -> None:
    """Each part once, the next when texts are shown again."""
    names = [*(f"shard:{bot}" for bot in network.bots), "coordinator:0", "coordinator:1"]
    for name in names:
        await _more(pairs, 100)
        network.kill(name)
        network.start_again(name)
        say(f"killed {name}")
    await _more(pairs, 100)
    network.redis.kill()
    await asyncio.sleep(1)
    await network.redis.start()
    say("killed Redis, and started it a second later")
    await _more(pairs, 100)


async def _more(pairs: Pairs, texts: int) -> None:
    before = pairs.shown()
    await until(lambda: pairs.shown() >= before + texts, 60, f"{texts} more texts to be shown")


if __name__ == "__main__":
    sys.exit(main())
