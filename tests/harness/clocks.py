"""Wall clocks that jump: a library preloaded into a process, and the file that tells it by how much.

It is compiled where it is needed; without a C compiler there is none (`have_compiler`).
"""

import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.embedded import EmbeddedRedis

_SOURCE = Path(__file__).with_name("clock_shift.c")


def have_compiler() -> bool:
    """Whether the library can be made here."""
    return shutil.which("cc") is not None


class ShiftedClock:
    """A clock for as many processes as wanted: those started with `environment`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._library, self._file = folder / "clock_shift.so", folder / "shift"
        if not self._library.exists():
            command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(self._library), str(_SOURCE)]
            subprocess.run(command, check=True, capture_output=True)
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process have this clock."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_SHIFT": str(self._file)}

    def set(self, seconds: int) -> None:
        """How far it is ahead from now on; below zero it is behind."""
        # In place: processes have the file mapped.
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))


class ShiftedRedis(EmbeddedRedis):
    """A Redis with a clock of its own, in its folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(mode=0o700, exist_ok=True)
        self.clock = ShiftedClock(folder / "clock")

    def _command(self) -> Sequence[str]:
        variables = [f"{name}={value}" for name, value in self.clock.environment.items()]
        return ["/usr/bin/env", *variables, *super()._command()]
