"""Where a forked process begins: cut loose from the terminal, tied to the supervisor's life."""

import multiprocessing
import os
import signal
import sys
from pathlib import Path

from config.settings import Settings
from deploy.embedded.launch import end_with


def nothing() -> None:
    """Begins and ends: whoever waits for it knows that the imports are done."""


def run_shard(log: Path | None, settings: Settings, bot: int, metrics_port: int) -> None:
    from shard.app import main

    _begin(log)
    main(settings, bot, metrics_port)


def run_coordinator(log: Path | None, settings: Settings, metrics_port: int) -> None:
    from coordinator.app import main

    _begin(log)
    main(settings, metrics_port)


def run_simulator(log: Path | None, settings: Settings, bots: int) -> None:
    from deploy.demo import serve_simulator, simulator_options

    _begin(log)
    sys.exit(serve_simulator(simulator_options(settings, bots)))


def _begin(log: Path | None) -> None:
    os.setsid()
    # The parent is the process we are forked from, which ends with the supervisor.
    end_with(os.getppid(), signal.SIGKILL)
    supervisor = multiprocessing.parent_process()
    if supervisor is None or not supervisor.is_alive():
        sys.exit(1)
    if log is not None:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
