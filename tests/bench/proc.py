"""What the kernel says about processes: CPU used so far, memory that is theirs alone."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from tests.harness.network import Network

_SCHEDULED = 2
"""Which of a process's clocks: what the scheduler gave it, in ns; /proc tells hundredths of a second."""


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes so far."""
    return sum(time.clock_gettime_ns((~pid << 3) | _SCHEDULED) for pid in pids) / 1e9


def private_mib(pid: int) -> float:
    """Memory that no other process has a part in."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def shards(network: Network) -> list[int]:
    """The processes of all shards."""
    return [pid(network, name) for name in network.processes if name.startswith("shard:")]


def pid(network: Network, name: str) -> int:
    """The process of that name."""
    number = network.processes[name].pid
    assert number is not None, "it was started"
    return number


def own() -> int:
    """This process: the simulator and the people on it."""
    return os.getpid()


def children(parent: int) -> list[int]:
    """The processes that one has started."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(number) for number in found.split()]
