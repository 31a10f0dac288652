"""`make mutants`: breaks the core decisions, one place at a time, and counts what the tests notice.

mutmut makes the mutants and runs the tests that reach each (`[tool.mutmut]` says which files and tests). This
prints, by module, how many were noticed, names those that were not, and ends with 1 where a module or all of
them together are below the goal. Takes most of an hour on one processor, so it is no part of `make check`;
`make mutants ARGS="shard.inbound.kinds"` does one module.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

GOAL = 0.85
FOLDER = Path("mutants")
NOTICED = frozenset((1, 3, 36, 24, -24, 152, 255, -9, -11))
"""Exit codes, in mutmut's own numbers, of tests that failed, did not end in time, or broke altogether."""


def main(modules: Sequence[str]) -> int:
    """Run them and print the table; 1 where too few were noticed."""
    workers = str(os.cpu_count() or 1)
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", workers]
    ran = subprocess.run([*command, *(f"{module}*" for module in modules)], check=False)
    if ran.returncode:
        return ran.returncode
    table = Table("module", "mutants", "noticed", "share")
    noticed = made = 0
    survivors: list[str] = []
    low: list[str] = []
    for meta in sorted(FOLDER.rglob("*.meta")):
        codes = json.loads(meta.read_text())["exit_code_by_key"]
        done = {name: code for name, code in codes.items() if code is not None}
        if not done:
            continue
        killed = sum(code in NOTICED for code in done.values())
        survivors += sorted(name for name, code in done.items() if code not in NOTICED)
        module = str(meta.relative_to(FOLDER).with_suffix(""))
        if killed < GOAL * len(done):
            low.append(module)
        table.add_row(module, str(len(done)), str(killed), f"{killed / len(done):.1%}")
        noticed, made = noticed + killed, made + len(done)
    if not made:
        return 1
    table.add_row("all", str(made), str(noticed), f"{noticed / made:.1%}")
    console = Console(highlight=False)
    console.print(*survivors, sep="\n")
    console.print(table)
    console.print(f"goal {GOAL:.0%} of each module; `mutmut show NAME` shows what a mutant changes")
    console.print(*(f"below it: {module}" for module in low), sep="\n")
    return 1 if low or noticed < GOAL * made else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
