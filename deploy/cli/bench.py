"""`duologue bench`: the measurements of the repository's tests/bench, each in a process of its own."""

import ast
import os
import sys
from pathlib import Path

import deploy
from core.domain.errors import DuologueError


class NoSuchBench(DuologueError):
    """There is no such measurement here."""


def bench(
    name: str = "",
    /,
    *,
    quick: bool = False,
    json: bool = False,
    tokens: int | None = None,
    seed: int | None = None,
    kills: int | None = None,
    failpoint: str | None = None,
) -> int:
    """Measure the network on this machine, for example `duologue bench cap`.

    Each bench shows its progress, then its conditions and its figures with what they should reach.
    They come with the repository, in tests/bench; without a name, those there are are listed.

    Parameters
    ----------
    name
        Which one; without it they are listed.
    quick
        End within 50 seconds, with the same figures.
    json
        Print one JSON object instead of tables.
    tokens
        fleet: how many; 26 where not given.
    seed
        chaos: the seed of a run that is to be run again; a new one where not given.
    kills
        chaos: how many; 1,000 where not given, and 100 at each failpoint.
    failpoint
        chaos: kill at this named place of the code (commas between several), or at `all`.

    """
    repository = Path(deploy.__file__).resolve().parents[1]
    known = _known(repository / "tests" / "bench")
    if not name and known:
        width = max(map(len, known))
        print("\n".join(f"{one:{width}}  {what}" for one, what in known.items()))
        return 0
    if name not in known:
        there = f"there are {', '.join(known)}" if known else "they need a clone of the repository"
        raise NoSuchBench(f"there is no bench {name!r}: {there}")
    options = [word for word, given in (("--quick", quick), ("--json", json)) if given]
    values = (("--tokens", tokens), ("--seed", seed), ("--kills", kills), ("--failpoint", failpoint))
    options += [f"{word}={value}" for word, value in values if value is not None]
    # Before all else: more than one installed package brings a `tests` of its own.
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    os.execve(sys.executable, [sys.executable, "-m", "tests.bench", name, *options], environment)
    return 0


def _known(folder: Path) -> dict[str, str]:
    """The benches, and what each measures: the first sentence of its docstring."""
    found = {}
    for file in sorted(folder.glob("*.py")):
        tree = ast.parse(file.read_text())
        if any(isinstance(node, ast.AsyncFunctionDef) and node.name == "run" for node in tree.body):
            paragraph, _, _ = (ast.get_docstring(tree) or "").partition("\n\n")
            found[file.stem] = " ".join(paragraph.partition(": ")[2].split())
    return found
