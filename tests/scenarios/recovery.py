"""`python -m tests.scenarios.recovery`: a token's limit is lowered, learned, believed, lifted, won back.

Takes about four minutes. People write more than either limit allows. Prints how the learned rate changes, as
the shard's metrics tell it, and what its bot shows. Ends with 1 when the limit is not learned, when the rate
is not back at what the operator set within `BACK_SECONDS` of the lift, or when anything is lost, out of
order or refused after it.
"""

import argparse
import asyncio
import sys
import time
from math import inf

import uvloop

from tests.bench.load import breaches, refused, staged

REAL, SET = 20, 30
OFFERED = 33.0
LEARN_SECONDS, BACK_SECONDS = 60.0, 240.0
KEPT_SECONDS = 45.0
"""For so long the limit stays: it is met again and again, and believed."""


def main() -> int:
    """Run it; the exit code."""
    argparse.ArgumentParser(prog="python -m tests.scenarios.recovery", description=__doc__).parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run())


async def _run() -> int:
    began = time.monotonic()

    def say(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {line}\n")
        sys.stdout.flush()

    async with staged(2, 300) as (network, crowd):
        judge, (poor, rich) = network.simulator.judge, (int(bot) for bot in network.bots)

        async def watched(seconds: float, low: float = inf, high: float = inf) -> float | None:
            """Tells how the learned rate goes. Seconds until it is between these; None where it never is."""
            start, told = time.monotonic(), 0.0
            while (took := time.monotonic() - start) < seconds:
                rate = await network.figure(f"shard:{poor}", "duologue_budget_rate")
                if abs(rate - told) >= 1:
                    told = rate
                    say(f"duologue_budget_rate {rate:.1f}")
                if low <= rate <= high:
                    return took
                await asyncio.sleep(0.5)
            return None

        judge.set_bot_cap(poor, REAL)
        # What people write at one bot is shown by the other.
        writing = asyncio.ensure_future(crowd.write({rich: OFFERED}, 3_600))
        learned = await watched(LEARN_SECONDS, 0.8 * REAL, 1.1 * REAL)
        say(f"capped at {REAL}: learned after {_told(learned)}")
        await watched(KEPT_SECONDS)
        before = refused(network.simulator)
        judge.set_bot_cap(poor, SET)
        back = await watched(BACK_SECONDS, SET - 0.1, SET)
        say(f"lifted to {SET}: back after {_told(back)}")
        start = time.monotonic()
        await asyncio.sleep(10)
        end = time.monotonic()
        shown = sum(crowd.shown_by_bot(start, end)[poor].values()) / (end - start)
        writing.cancel()
        await asyncio.wait({writing})
        again, broken = refused(network.simulator) - before, breaches(network.simulator)
        say(
            f"it shows {shown:.1f} a second; {again} refusals after the lift; {broken} arrivals above a limit"
        )
        await crowd.settled(300)
        verdict = crowd.ledger()
    say(f"{verdict}")
    good = learned is not None and back is not None and again == 0 and shown >= 0.9 * SET
    good = good and verdict.lost == verdict.inversions == verdict.strangers == 0
    say("holds" if good else "does not hold")
    return 0 if good else 1


def _told(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
