"""Ports for servers of the tests."""

import os
import random
import socket

HOST = "127.0.0.1"
_FIRST, _BEHIND = 11_000, 21_000
"""Below the ephemeral ones, so that no connection takes one."""

_BUS = 10_000
"""A cluster's nodes talk with each other so far above."""

_drawn: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, nor ten thousand above it. Each once, for it is long until somebody
    listens; those of tests that run side by side (pytest-xdist) are others.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for _ in range(1_000):
        port = random.randrange(_FIRST + worker, _BEHIND, workers)
        if port in _drawn:
            continue
        with socket.socket() as test, socket.socket() as bus:
            try:
                test.bind((HOST, port))
                bus.bind((HOST, port + _BUS))
            except OSError:
                continue
        _drawn.add(port)
        return port
    raise RuntimeError("no free port")
