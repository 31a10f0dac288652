"""Looking at processes from outside."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def running_in(folder: Path) -> list[psutil.Process]:
    """Processes that name this folder, live in it, or are told of it. Zombies run no more."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            told = [*process.cmdline(), process.cwd(), process.environ().get("DUOLOGUE_DATA_DIR", "")]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(folder) in word for word in told):
            found.append(process)
    return found


def runs(process: psutil.Process) -> bool:
    """Whether it is still there. Zombies run no more."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], limit_s: float = 15.0) -> None:
    """Wait until it is so. Fails after the limit."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)
