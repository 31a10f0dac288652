"""Keeps one process, or one server, running until the task that does so is cancelled."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.domain.errors import DuologueError
from deploy.embedded.server import EmbeddedServer
from deploy.home import Process
from deploy.supervisor.nursery import Child, Nursery
from deploy.supervisor.progress import Screen

STABLE_S = 20.0
"""A process that lived so long starts at once when it dies; one that did not waits ever longer."""
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_LOG_LIMIT = 5_000_000


class Backoff:
    """How long to wait before the next start."""

    def __init__(self) -> None:
        self._failures = 0

    def after(self, lived_s: float) -> float:
        """Seconds to wait after a life of so many."""
        self._failures = 1 if lived_s >= STABLE_S else self._failures + 1
        if self._failures == 1:
            return 0.0
        return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (self._failures - 2))


class Job(NamedTuple):
    """A process to keep. `log` None leaves its words on our standard error; `port` is its metrics'."""

    name: str
    entry: Callable[..., None]
    args: tuple[object, ...]
    log: Path | None
    port: int | None
    end_limit_s: float


class Roll:
    """Which processes run now."""

    def __init__(self, changed: Callable[[tuple[Process, ...]], None]) -> None:
        self._changed = changed
        self._processes: dict[str, Process] = {}

    def tell(self) -> None:
        """Say who runs, as now known."""
        self._changed(tuple(self._processes.values()))

    def enter(self, process: Process) -> None:
        self._processes[process.name] = process
        self.tell()

    def leave(self, name: str) -> None:
        self._processes.pop(name, None)
        self.tell()


class Keeper:
    """Starts jobs and starts them again."""

    def __init__(self, nursery: Nursery, screen: Screen, roll: Roll) -> None:
        self._nursery = nursery
        self._screen = screen
        self._roll = roll

    async def keep(self, job: Job) -> None:
        """Until cancelled; then the process ends in order, or by force after its limit."""
        backoff = Backoff()
        while True:
            if job.log is not None:
                shorten(job.log)
            child = self._nursery.spawn(job.entry, job.log, *job.args)
            born = time.monotonic()
            self._roll.enter(Process(job.name, child.pid, job.port))
            try:
                code = await self._life(child, job)
            finally:
                self._nursery.forget(child)
                self._roll.leave(job.name)
            await self._pause(job, code, backoff.after(time.monotonic() - born))

    async def keep_server(self, server: EmbeddedServer) -> None:
        """Start a running server again whenever it ends by itself; whoever started it stops it."""
        backoff = Backoff()
        while True:
            born = time.monotonic()
            reason = await server.wait()
            wait = backoff.after(time.monotonic() - born)
            self._screen.event(f"{server.name} ended ({reason}), it starts again{_when(wait)}")
            await asyncio.sleep(wait)
            try:
                await server.start()
            except (DuologueError, OSError) as error:
                # Also a folder that cannot be used now, on a full disk: that may pass.
                self._screen.event(str(error))
            self._roll.tell()

    async def _life(self, child: Child, job: Job) -> int:
        try:
            return await child.ended()
        finally:
            await child.end(job.end_limit_s)

    async def _pause(self, job: Job, code: int, wait: float) -> None:
        look = f"; {job.log} tells more" if job.log else ""
        self._screen.event(f"{job.name} ended ({_how(code)}), it starts again{_when(wait)}{look}")
        await asyncio.sleep(wait)


def shorten(log: Path) -> None:
    """Put a log aside that has grown too long."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _when(wait: float) -> str:
    return f" in {wait:g} s" if wait else ""
