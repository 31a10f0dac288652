"""Ports: whether they are free, and which comes next."""

import errno
import socket

from core.domain.errors import DuologueError


class PortBusy(DuologueError):
    """A port that somebody else listens on, or an address that is not ours."""


def is_free(host: str, port: int) -> bool:
    """Whether we could listen there. Raises PortBusy where the address itself is not ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        raise PortBusy(
            f"nothing can listen on {host} here ({error.strerror}): "
            "set DUOLOGUE_LISTEN_HOST to an address of this machine, like 127.0.0.1"
        ) from None
    return True


def require_free(host: str, port: int, variable: str) -> None:
    """Raises PortBusy, naming the setting to change."""
    if not is_free(host, port):
        raise PortBusy(f"port {port} on {host} is in use: end what uses it, or set {variable} to a free port")


class Ports:
    """Hands out ports from `first` on, those that are free."""

    def __init__(self, host: str, first: int) -> None:
        self._host = host
        self._first = first
        self._taken: set[int] = set()

    def take(self) -> int:
        """The lowest free one. Raises PortBusy."""
        for port in range(self._first, 65536):
            if port not in self._taken and is_free(self._host, port):
                self._taken.add(port)
                return port
        raise PortBusy(f"no port from {self._first} on is free: set DUOLOGUE_METRICS_PORT to a lower one")

    def give_back(self, port: int) -> None:
        self._taken.discard(port)
