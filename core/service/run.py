"""How a process begins and ends.

`run_process` gives the main coroutine an event that is set by SIGTERM or SIGINT; a second
signal ends the process at once. Errors we know are one line and exit code 1.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from core.domain.errors import DuologueError

log = structlog.get_logger(__name__)

Main = Callable[[asyncio.Event], Awaitable[None]]
"""The process's main coroutine function; it is handed the event that tells it to end."""


def run_process(main: Main) -> int:
    """Run `main` on uvloop until it returns; the exit code."""
    gc.freeze()
    code = 0
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_with_signals(main))
        except* DuologueError as errors:
            for error in flatten(errors):
                log.error(str(error))
            code = 1
    return code


async def _with_signals(main: Main) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        if stop.is_set():
            sys.exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    await main(stop)


def flatten(errors: BaseExceptionGroup[DuologueError]) -> list[DuologueError]:
    """The single errors of nested groups."""
    found: list[DuologueError] = []
    for error in errors.exceptions:
        found.extend(flatten(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found


class Done(Exception):
    """Raised inside a TaskGroup to end it in order; caught right outside it."""


async def until(stop: asyncio.Event) -> None:
    """A part of a TaskGroup that ends the group when the process is told to end."""
    await stop.wait()
    raise Done
