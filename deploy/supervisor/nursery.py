"""Processes forked from one that has imported everything: quick to start, little memory."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess

from core.domain.errors import DuologueError
from deploy.supervisor import entries

KILL_S = 2.0


class CannotFork(DuologueError):
    """The process that all are forked from does not work."""


class Child:
    """One process."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    async def ended(self) -> int:
        """Wait for its end: the exit code, or minus the signal that ended it."""
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()
        sentinel = self._process.sentinel

        def told() -> None:
            loop.remove_reader(sentinel)
            gone.set_result(None)

        loop.add_reader(sentinel, told)
        try:
            await gone
        finally:
            loop.remove_reader(sentinel)
        self._process.join()
        code = self._process.exitcode
        return code if code is not None else 1

    async def end(self, limit_s: float) -> None:
        """Ask it to end; make it end after `limit_s`."""
        for number, seconds in ((signal.SIGTERM, limit_s), (signal.SIGKILL, KILL_S)):
            if self._process.is_alive():
                os.kill(self.pid, number)
            try:
                async with asyncio.timeout(seconds):
                    await self.ended()
            except TimeoutError:
                continue
            return

    def kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()


class Nursery:
    """Where processes come from. `warm` first, then `spawn` takes some milliseconds."""

    def __init__(self, *, demo: bool) -> None:
        """The `demo` has a simulator; its imports take a while that nobody else needs to wait for."""
        self._context = multiprocessing.get_context("forkserver")
        only_demo = ["simulator.app", "deploy.demo"] if demo else []
        self._context.set_forkserver_preload(["deploy.supervisor.preload", *only_demo])
        self._children: set[Child] = set()

    def begin(self) -> None:
        """Let the imports begin, without waiting for them."""
        forkserver.ensure_running()

    async def warm(self) -> None:
        """Wait for the imports, some seconds. Raises CannotFork."""
        try:
            await asyncio.to_thread(self._try_one)
        except (OSError, EOFError) as error:
            raise CannotFork(f"the first process did not start: {type(error).__name__} {error}") from None

    def _try_one(self) -> None:
        process = self._context.Process(target=entries.nothing, daemon=True)
        process.start()
        process.join()
        if process.exitcode != 0:
            raise CannotFork(f"the first process ended with {process.exitcode}: its reason stands above")

    def spawn(self, entry: Callable[..., None], *args: object) -> Child:
        """Start `entry(*args)`, which must be importable, in a process of its own."""
        process = self._context.Process(target=entry, args=args, daemon=True)
        process.start()
        child = Child(process)
        self._children.add(child)
        return child

    def forget(self, child: Child) -> None:
        """It has ended."""
        self._children.discard(child)

    def kill_all(self) -> None:
        """End all of them at once, by force."""
        for child in self._children:
            child.kill()
