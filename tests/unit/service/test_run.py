"""Processes that begin and end, in earnest: each test starts one."""

import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.domain.errors import DuologueError
from core.service.run import BUG, REFUSED, flatten

ROOT = Path(__file__).parents[3]
HEAD = """
import asyncio
from core.domain.errors import DuologueError
from core.service.log import configure
from core.service.run import Done, run_process, until

configure("test")
"""
TAIL = """
raise SystemExit(run_process(main))
"""


@contextmanager
def process(main: str) -> Iterator[subprocess.Popen[str]]:
    script = HEAD + textwrap.dedent(main) + TAIL
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def outcome(main: str) -> tuple[int, str]:
    """Exit code and what was logged."""
    with process(main) as started:
        _, logged = started.communicate(timeout=30)
        return started.returncode, logged


WAITING = """
async def main(stop):
    async def part():
        try:
            await asyncio.Event().wait()
        finally:
            print("part ended", flush=True)

    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(part(), name="part")
            parts.create_task(until(stop), name="stop")
            print("ready", flush=True)
    except* Done:
        print("in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_in_order(number: signal.Signals) -> None:
    with process(WAITING) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        started.send_signal(number)
        out, logged = started.communicate(timeout=30)
        assert (out, logged, started.returncode) == ("part ended\nin order\n", "", 0)


def test_a_second_signal_ends_it_at_once() -> None:
    stubborn = """
        async def main(stop):
            print("ready", flush=True)
            await stop.wait()
            print("stopping", flush=True)
            await asyncio.Event().wait()
        """
    with process(stubborn) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        started.send_signal(signal.SIGTERM)
        assert started.stdout.readline() == "stopping\n"
        started.send_signal(signal.SIGTERM)
        assert started.wait(30) == 128 + signal.SIGTERM


def test_a_main_that_returns_is_success() -> None:
    assert outcome("async def main(stop): pass") == (0, "")


def test_a_known_error_is_one_line() -> None:
    code, logged = outcome('async def main(stop): raise DuologueError("the port is taken")')
    assert code == REFUSED
    assert len(logged.splitlines()) == 1
    assert "the port is taken" in logged


def test_known_errors_of_several_parts_are_a_line_each() -> None:
    code, logged = outcome("""
        async def fail(words):
            raise DuologueError(words)

        async def main(stop):
            async with asyncio.TaskGroup() as parts:
                for words in ("one", "two", "two"):
                    parts.create_task(fail(words))
        """)
    assert code == REFUSED
    assert [re.sub(r".*\] (\w+) .*", r"\1", line) for line in logged.splitlines()] == ["one", "two"]


def test_a_bug_shows_its_stack_and_no_word_of_anybody() -> None:
    code, logged = outcome(f"""
        async def part():
            raise KeyError("123456789:{"A" * 35} said by somebody")

        async def main(stop):
            async with asyncio.TaskGroup() as parts:
                parts.create_task(part())
        """)
    assert code == BUG
    assert "in part" in logged, "the stack"
    assert "kind=KeyError" in logged
    assert "A" * 20 not in logged
    assert "somebody" not in logged


def test_flatten_gives_each_error_once() -> None:
    group = ExceptionGroup(
        "",
        [
            DuologueError("a"),
            ExceptionGroup("", [ValueError("b"), DuologueError("a")]),
            ExceptionGroup("", [DuologueError("b")]),
        ],
    )
    assert [(type(error), str(error)) for error in flatten(group)] == [
        (DuologueError, "a"),
        (ValueError, "b"),
        (DuologueError, "b"),
    ]


def test_an_error_in_a_callback_is_told_without_what_it_was_called_with() -> None:
    code, logged = outcome("""
        from functools import partial

        def callback(text):
            raise ValueError(text)

        async def main(stop):
            loop = asyncio.get_running_loop()
            loop.call_soon(partial(callback, "dear diary"))
            loop.create_future().set_exception(KeyError("dear diary"))
            loop.call_exception_handler({"message": "a connection was left open"})
            await asyncio.sleep(0.01)
    """)
    assert code == 0
    assert "diary" not in logged
    assert re.search(r"nobody awaits.*<string>:12.*ValueError", logged)
    assert re.search(r"nobody awaits.*nowhere.*KeyError", logged)
    assert "a connection was left open" in logged
