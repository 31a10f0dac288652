"""`python -m tests.bench <name> [--quick] [--json]`: what `duologue bench` starts."""

import argparse
import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from typing import cast

import uvloop
from rich.console import Console

from tests.bench.report import Report, show, to_json

NAMES = (
    *("cap", "fleet", "latency", "cost", "memory", "flood", "fairness", "match", "people", "start"),
    *("peers", "front", "fidelity", "chaos", "backlog"),
)


def main() -> int:
    """Run one benchmark; the exit code is 0 when the run itself worked, whatever the figures say."""
    parser = argparse.ArgumentParser(prog="duologue bench", description="Measure Duologue on this machine.")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--quick", action="store_true", help="ends within 50 s, with the same figures")
    parser.add_argument("--json", action="store_true", help="print exactly one JSON object")
    parser.add_argument("--tokens", type=int, help="fleet: how many")
    parser.add_argument("--seed", type=int, help="chaos: run this one again")
    parser.add_argument("--kills", type=int, help="chaos: how many")
    parser.add_argument("--failpoint", help="chaos: kill at these places of the code, or all")
    given = parser.parse_args()
    bench = importlib.import_module(f"tests.bench.{given.name}")
    names = ("tokens", "seed", "kills", "failpoint")
    options = {name: value for name in names if (value := getattr(given, name)) is not None}
    if strange := options.keys() - getattr(bench, "OPTIONS", ()):
        parser.error(f"bench {given.name} takes no --{min(strange)}")
    run = cast("Callable[..., Awaitable[Report]]", bench.run)
    began = time.monotonic()

    def progress(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:5.1f} s  {line}\n")
        sys.stderr.flush()

    async def measure() -> Report:
        return await run(given.quick, progress, **options)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(measure())
    progress("done")
    if given.json:
        sys.stdout.write(to_json(report).decode() + "\n")
    else:
        show(report, Console(highlight=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
