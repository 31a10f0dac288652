"""A process of a benchmark's own that is asked by a line and answers with one: what it spends is its own.

It says "ready" first, answers with JSON, and ends with its input.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

READY_SECONDS = 60.0
END_SECONDS = 15.0
LINE_MOST = 2**24
"""Bytes of an answer: a number for each of a hundred thousand people."""


class Child:
    """One that is ready."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, *words: object) -> Any:
        """What it answers to these words, without blanks, which it gets as text."""
        assert self._process.stdin is not None, "it was asked for"
        assert self._process.stdout is not None, "it was asked for"
        self._process.stdin.write(f"{' '.join(map(str, words))}\n".encode())
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the benchmark ended before it answered")
        return json.loads(line)


@asynccontextmanager
async def child(module: str, *args: object) -> AsyncIterator[Child]:
    """`python -m <module> <args>` from when it is ready until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *map(str, args)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_MOST,
    )
    try:
        assert process.stdout is not None, "it was asked for"
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        if line.strip() != b"ready":
            raise RuntimeError(f"{module} did not start")
        yield Child(process)
    finally:
        await _end(process)


async def answer(respond: Callable[[list[str]], Awaitable[object]]) -> None:
    """In the process itself: say that it is ready, then answer each line until there is none."""
    _say("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        _say(json.dumps(await respond(line.split())))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
