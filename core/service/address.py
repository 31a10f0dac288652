"""Under which address other machines find this process."""

import ipaddress
import socket
from urllib.parse import urlsplit


def reachable(listen_host: str, towards: str) -> str:
    """The host part of a URL to what listens on `listen_host`.

    Who listens everywhere is found at the address from which this machine would speak to the server
    of the URL `towards`, that all others speak to, too. Nothing is sent to find out.
    """
    host = _own(towards) if listen_host in ("0.0.0.0", "::", "") else listen_host  # noqa: S104  it is compared
    return f"[{host}]" if ":" in host else host


def _own(towards: str) -> str:
    try:
        # Of several servers any will do.
        parts = urlsplit(f"//{urlsplit(towards).netloc.rpartition('@')[2].partition(',')[0]}")
        if not parts.hostname:
            return socket.gethostname()
        found = socket.getaddrinfo(parts.hostname, parts.port or 9, type=socket.SOCK_DGRAM)
        family, _, _, _, there = found[0]
        with socket.socket(family, socket.SOCK_DGRAM) as speaking:
            speaking.connect(there)
            return str(ipaddress.ip_address(speaking.getsockname()[0]))
    except (OSError, ValueError):
        return socket.gethostname()
