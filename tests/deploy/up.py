"""A `duologue up` (or another command) as a process, with settings of its own and nothing from outside."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.processes import until
from tests.harness.ports import free_port

Settings = dict[str, Any]

START_S = 90.0
STOP_S = 30.0
COMMAND_S = 200.0
COMMAND = (sys.executable, "-c", "from deploy.cli import main; main()")
REPOSITORY = Path(__file__).resolve().parents[2]


def environment(**settings: object) -> dict[str, str]:
    """Only these settings: `data_dir=...` is DUOLOGUE_DATA_DIR."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    return {**plain, **{f"DUOLOGUE_{name.upper()}": str(value) for name, value in settings.items()}}


def duologue(
    *words: str, typed: str = "", before: Sequence[str] = (), **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. `before`: a program that becomes the command."""
    return subprocess.run(
        [*before, *COMMAND, *words],
        env=environment(**settings),
        cwd=REPOSITORY,
        input=typed,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


class Up:
    """A running `duologue up`. `said` is what it has printed."""

    def __init__(self, settings: Settings, user: int | None = None) -> None:
        self.settings = settings
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [*COMMAND, "up"],
            env=environment(**settings),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            self.said.extend(iter(self.process.stdout.readline, ""))

    @property
    def output(self) -> str:
        return "".join(self.said)

    @property
    def data_dir(self) -> Path:
        return Path(str(self.settings["data_dir"]))

    def says(self, words: str) -> None:
        """Wait until it says so."""
        until(lambda: words in self.output or self.process.poll() is not None, START_S)
        assert words in self.output, self.output

    def processes(self) -> dict[str, dict[str, Any]]:
        """What runs, by name, as it tells other commands."""
        told = json.loads((self.data_dir / "run.json").read_text())
        return {process["name"]: process for process in told["processes"]}

    def ask(self, *words: str, typed: str = "") -> Any:
        """What another command answers about it: the JSON it prints, or its words."""
        answer = duologue(*words, typed=typed, **self.settings)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout) if "--json" in words else answer.stdout

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(STOP_S)
        self._reader.join(STOP_S)
        return code


@contextmanager
def up(folder: Path, user: int | None = None, **settings: object) -> Iterator[Up]:
    """An `up` on free ports; killed at the end if it still runs."""
    simulator, metrics = free_port(), free_port()
    given: Settings = {"data_dir": folder, "simulator_port": simulator, "metrics_port": metrics}
    running = Up({**given, **settings}, user)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM)


def wait_for(what: Any, limit_s: float = START_S) -> Any:
    """The first value of `what()` that is true."""
    end = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.2)
    return found
