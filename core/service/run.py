"""How a process begins and ends.

`run_process` gives the main coroutine an event that is set by SIGTERM or SIGINT; a second
signal ends the process at once. Errors we know are one line and exit code 1; anything else is
a bug of ours: logged with its stack, through the log's redaction, and exit code 70.
"""

import asyncio
import gc
import os
import signal
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import structlog
import uvloop

from core.domain.errors import DuologueError
from core.service.log import innermost

REFUSED = 1
"""Exit code: something is wrong that we know and have said."""
BUG = 70
"""Exit code: an error that nobody foresaw."""

GC_YOUNG = 5_000
"""New objects after which the collector looks at the young ones, instead of 700.

Commands leave circles, of which so many lie about in the end.
"""

_OF_CODE = (OSError, ImportError, AttributeError, NameError, TypeError, NotImplementedError)
"""Errors whose words speak of code and systems, never of values."""

log = structlog.get_logger(__name__)

Main = Callable[[asyncio.Event], Awaitable[None]]
"""The process's main coroutine function; it is handed the event that tells it to end."""


def run_process(main: Main) -> int:
    """Run `main` on uvloop until it returns; the exit code."""
    # What is imported by now lives as long as the process: the collector need not look at it again.
    gc.freeze()
    # Young objects here die with their message: looking for circles among them seldom saves some per cent.
    gc.set_threshold(GC_YOUNG, 20, 20)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_with_signals(main))
    except Exception as error:  # noqa: BLE001 the end of the process: nothing may go unlogged
        return _said(error)
    return 0


def _said(error: Exception) -> int:
    """Log what ended the process; the exit code."""
    code = REFUSED
    for single in flatten(error):
        if isinstance(single, DuologueError):
            log.error(str(single))
        else:
            # Not the error's words: they may hold what a person wrote.
            words = str(single) if isinstance(single, _OF_CODE) else "left out"
            stack = "".join(traceback.format_tb(single.__traceback__))
            log.critical(
                "ended by an error that nobody foresaw", kind=type(single).__name__, words=words, stack=stack
            )
            code = BUG
    return code


async def _with_signals(main: Main) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unawaited)

    def told(number: signal.Signals) -> None:
        if stop.is_set():
            # Not sys.exit: that would wait for what does not end.
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    await main(stop)


def _unawaited(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error that nobody awaits, in a callback or a task."""
    error = context.get("exception")
    if error is None:
        log.error("the loop has something to say", what=context["message"])
    else:
        # Not the loop's words: they show a callback with its arguments, and so what a person wrote.
        log.error("an error that nobody awaits", kind=type(error).__name__, at=innermost(error))


def flatten(error: Exception) -> Iterator[Exception]:
    """The single errors of nested groups, one of each text."""
    if not isinstance(error, ExceptionGroup):
        yield error
        return
    said = set()
    for inner in error.exceptions:
        for single in flatten(inner):
            if (words := f"{type(single)}{single}") not in said:
                said.add(words)
                yield single


class Done(Exception):
    """Raised inside a TaskGroup to end it in order; caught right outside it."""


async def until(stop: asyncio.Event) -> None:
    """A part of a TaskGroup that ends the group when the process is told to end."""
    await stop.wait()
    raise Done
