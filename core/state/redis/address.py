"""Where Redis is, as the URL says it.

    redis://  rediss://  unix://                  one server
    redis+sentinel://host:26379,host,host/name/0  the master of that name; rediss+sentinel:// with TLS
    redis+cluster://host:6379,host,host           a cluster; rediss+cluster:// with TLS

`user:password@` is for the servers; the sentinels' own stand in the query: sentinel_username,
sentinel_password; `ssl_ca_certs` names the file of an authority of one's own.
"""

from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_SECONDS = 2.0


class Place(NamedTuple):
    """A URL with several hosts, taken apart."""

    hosts: tuple[tuple[str, int], ...]
    path: tuple[str, ...]
    options: dict[str, Any]
    sentinel_options: dict[str, Any]


def take_apart(url: str, port: int) -> Place:
    """`port` is that of hosts without one."""
    parts = urlsplit(url)
    signed, _, hosts = parts.netloc.rpartition("@")
    user, _, password = signed.partition(":")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    options = _signed_in(unquote(user), unquote(password))
    if parts.scheme.startswith("rediss"):
        options |= {
            "ssl": True,
            **({"ssl_ca_certs": query["ssl_ca_certs"]} if "ssl_ca_certs" in query else {}),
        }
    sentinel = _signed_in(query.get("sentinel_username", ""), query.get("sentinel_password", ""))
    if "ssl" in options:
        sentinel |= {name: value for name, value in options.items() if name.startswith("ssl")}
    places = [urlsplit(f"//{host}") for host in hosts.split(",")]
    return Place(
        tuple((place.hostname or "localhost", place.port or port) for place in places),
        tuple(part for part in parts.path.split("/") if part),
        options,
        sentinel,
    )


def _signed_in(user: str, password: str) -> dict[str, Any]:
    return {name: value for name, value in (("username", user), ("password", password)) if value}


def plain() -> dict[str, Any]:
    """How every connection is made: nothing is tried twice, and replies come as they are."""
    return {
        "socket_timeout": None,
        "socket_connect_timeout": CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "protocol": 2,
        # Nor is the server told the library's name, which is looked up on the disk for each connection.
        "driver_info": None,
    }
