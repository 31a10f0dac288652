"""What the operator sees: what is done now and how long it takes, what happened, where to look."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text


class Screen:
    """Lines on standard output; on a terminal also what is under way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._steps = 0

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[None]:
        """Show `doing` while the block runs, and a line `done` with its time after it. Steps may overlap."""
        start = time.monotonic()
        task = self._begin(doing)
        try:
            yield
        finally:
            self._end(task)
        line = Text.assemble(("  ✓ ", "green"), done, (f"  {time.monotonic() - start:.1f} s", "dim"))
        self._console.print(line)

    def event(self, text: str) -> None:
        """Something worth knowing happened."""
        self._console.print(Text.assemble((time.strftime("%H:%M:%S "), "dim"), text), soft_wrap=True)

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def signpost(self, heading: str, rows: Sequence[tuple[str, str]], closing: str) -> None:
        """Where to look."""
        table = Table.grid(padding=(0, 3))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for what, where in rows:
            table.add_row(Text(what), Text(where))
        self._console.print()
        self._console.print(Text(heading, style="bold green"))
        self._console.print(Padding(table, (1, 2)))
        self._console.print(Text(closing, style="dim"), soft_wrap=True)

    def _begin(self, doing: str) -> TaskID:
        if self._steps == 0:
            self._progress.start()
        self._steps += 1
        return self._progress.add_task(doing, total=None)

    def _end(self, task: TaskID) -> None:
        self._progress.remove_task(task)
        self._steps -= 1
        if self._steps == 0:
            self._progress.stop()
