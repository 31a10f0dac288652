"""`duologue bench`: the measurements of the repository's tests/bench, each in a process of its own."""

import os
import sys
from pathlib import Path

import deploy
from core.domain.errors import DuologueError


class NoSuchBench(DuologueError):
    """There is no such measurement here."""


def bench(
    name: str,
    /,
    *,
    quick: bool = False,
    json: bool = False,
    seed: int | None = None,
    kills: int | None = None,
    failpoint: str | None = None,
) -> int:
    """Measure the network on this machine, for example `duologue bench cap`.

    Each bench shows its progress, then its conditions and its figures with what they should reach.
    They come with the repository, in tests/bench; an unknown name lists those there are.

    Parameters
    ----------
    name
        Which one.
    quick
        End within 50 seconds, with the same figures.
    json
        Print one JSON object instead of tables.
    seed
        chaos: the seed of a run that is to be run again; a new one where not given.
    kills
        chaos: how many; 1,000 where not given, and 100 at each failpoint.
    failpoint
        chaos: kill at this named place of the code (commas between several), or at `all`.

    """
    repository = Path(deploy.__file__).resolve().parents[1]
    files = (repository / "tests" / "bench").glob("*.py")
    known = sorted(file.stem for file in files if "async def run(" in file.read_text())
    if name not in known:
        there = f"there are {', '.join(known)}" if known else "they need a clone of the repository"
        raise NoSuchBench(f"there is no bench {name!r}: {there}")
    options = [word for word, given in (("--quick", quick), ("--json", json)) if given]
    values = (("--seed", seed), ("--kills", kills), ("--failpoint", failpoint))
    options += [f"{word}={value}" for word, value in values if value is not None]
    # Before all else: more than one installed package brings a `tests` of its own.
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    os.execve(sys.executable, [sys.executable, "-m", "tests.bench", name, *options], environment)
