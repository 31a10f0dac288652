"""`python -m tests.scenarios.stores [NAME …]`: all faults of the stores, or those named, and what came."""

import asyncio
import sys
import time

import uvloop

from tests.scenarios.stores import FAULTS
from tests.scenarios.stores.play import Unable


def main() -> int:
    """Run them one after the other; 1 where something did not hold."""
    wanted = sys.argv[1:] or list(FAULTS)
    unknown = [name for name in wanted if name not in FAULTS]
    if unknown:
        sys.stderr.write(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}\n")
        return 2
    good = True
    for name in wanted:
        began = time.monotonic()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                seen = runner.run(FAULTS[name]())
            except Unable as why:
                line, holds = f"skipped: {why}", True
            except AssertionError as error:
                line, holds = f"FAILS: {error}", False
            else:
                line, holds = f"{'holds' if seen.holds else 'FAILS'}: {seen}", seen.holds
        good = good and holds
        sys.stdout.write(f"{name:26} {line} ({time.monotonic() - began:.0f} s)\n")
        sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
