"""What both servers share: start, wait until ready, stop, restart on the same data."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from core.domain.errors import DuologueError
from deploy.embedded import launch
from deploy.embedded.folders import FolderLock, make_private, socket_folder

Identity = Literal["keep", "unroot", "nobody"]
_LAUNCH = str(Path(launch.__file__))
_PREDECESSOR_S = 15.0
"""How long a server of an earlier run may take to end after its supervisor was killed."""
_REASONS = ("FATAL:", "PANIC:", "ERROR:", "error:")
_LOG_LIMIT = 5_000_000


class ServerFailed(DuologueError):
    """An embedded server did not start, or ended by itself."""


class EmbeddedServer(ABC):
    """One server and its folder. `settings` are read at each start, so a restart may change them.

    All in the thread that runs the event loop: the server ends with that thread.
    """

    name: ClassVar[str]
    death_signal: ClassVar[signal.Signals]
    """What makes the server end in order, quickly."""
    start_limit_s: ClassVar[float]

    def __init__(self, folder: Path | str, settings: Mapping[str, str] | None = None) -> None:
        self.folder = Path(folder).absolute()
        self.settings = dict(settings or {})
        self._lock = FolderLock(self.folder)
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def environment(self) -> Mapping[str, str]:
        """What it has in its environment beside the bare minimum."""
        return {}

    @property
    @abstractmethod
    def url(self) -> str:
        """How to connect. The same after every restart."""

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """The program and its arguments."""

    @abstractmethod
    async def _prepare(self) -> None:
        """Make the data ready for a start; the lock is held, so nobody else works in it."""

    @abstractmethod
    async def _ready(self) -> bool:
        """Whether the started server answers."""

    def _identity(self) -> Identity:
        """Whom to run as, see launch."""
        return "keep"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def sockets(self) -> Path:
        return socket_folder(self.folder)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start and wait until it answers. Raises ServerFailed, FolderTaken, FolderUnusable."""
        if self.running:
            return
        make_private(self.folder)
        await self._lock.take_within(_PREDECESSOR_S)
        try:
            self._shorten_log()
            await self._prepare()
            self._process = self._spawn(self._command())
        finally:
            self._lock.drop()
        try:
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise

    async def stop(self, limit_s: float = 5.0) -> None:
        """End it in order; by force when that takes longer than `limit_s`."""
        process = self._process
        if process is None:
            return
        for number, seconds in ((self.death_signal, limit_s), (signal.SIGKILL, 5.0)):
            if process.poll() is None:
                process.send_signal(number)
            end = time.monotonic() + seconds
            while process.poll() is None and time.monotonic() < end:
                await asyncio.sleep(0.01)
        self._process = None

    def kill(self) -> None:
        """End it as a power cut would; `start` recovers."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def wait(self) -> str:
        """Until it ends by itself; why, in one line."""
        while self.running:
            await asyncio.sleep(0.2)
        return self._last_words()

    def _spawn(self, command: Sequence[str], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a program that holds the lock, writes to the log and ends with us."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", "-B", _LAUNCH),
                    *(str(os.getpid()), str(int(self.death_signal)), self._identity()),
                    *command,
                ],
                stdin=stdin,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.folder), **self.environment},
                pass_fds=(self._lock.fileno(),),
                start_new_session=True,
            )

    async def _run(self, command: Sequence[str], text: str = "") -> None:
        """Run a program to its end, with `text` as its input. Raises ServerFailed."""
        process = self._spawn(command, stdin=subprocess.PIPE)
        try:
            await asyncio.to_thread(process.communicate, text.encode())
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode != 0:
            raise ServerFailed(f"{Path(command[0]).name} failed: {self._last_words()}; see {self.log}")

    async def _until_ready(self) -> None:
        end = time.monotonic() + self.start_limit_s
        while not await self._ready():
            if not self.running:
                raise ServerFailed(f"{self.name} did not start: {self._last_words()}; see {self.log}")
            if time.monotonic() > end:
                raise ServerFailed(
                    f"{self.name} does not answer {self.start_limit_s:.0f} s after its start; see {self.log}"
                )
            await asyncio.sleep(0.02)

    def _last_words(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
        told = [line for line in lines if line] or ["it gave no reason"]
        return next((line for line in reversed(told) if any(word in line for word in _REASONS)), told[-1])

    def _shorten_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
