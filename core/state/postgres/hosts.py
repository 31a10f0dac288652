"""A URL that names several servers, and which of them is asked first.

With `target_session_attrs=read-write` only the primary takes us, whichever of them that is after a
failover. asyncpg goes through the hosts too, but waits for one that answers nothing until the time
of the whole call is up; here each has its own time, and whoever took us last is asked first.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

HOST_SECONDS = 0.8
"""How long one of several servers may take; two of them fit into the time of a call."""

NO_CONNECTION = (
    OSError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Whatever keeps a connection from being opened: also a wrong password, a wrong name, too many clients."""


class Hosts:
    """Connects to the servers of one URL."""

    def __init__(self, url: str) -> None:
        self._urls = one_each(url)
        self._first = 0

    async def connect(self, *_: object, **options: Any) -> asyncpg.Connection:
        """A connection to the first server that takes us. Raises what the last one answered."""
        count = len(self._urls)
        for at in range(count):
            number = (self._first + at) % count
            try:
                async with asyncio.timeout(HOST_SECONDS if count > 1 else None):
                    connection: asyncpg.Connection = await asyncpg.connect(self._urls[number], **options)
            except NO_CONNECTION:
                if at == count - 1:
                    raise
            else:
                self._first = number
                return connection
        raise AssertionError("a URL names at least one server")


def one_each(url: str) -> list[str]:
    """The same URL for each of its servers."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    signed, at, named = parts.netloc.rpartition("@")
    hosts = named.split(",")
    listed = [{"host": host} for host in query["host"].split(",")] if "host" in query else [{}]
    ports = query.get("port", "").split(",")
    for number, host in enumerate(listed):
        if ports != [""]:
            host["port"] = ports[min(number, len(ports) - 1)]
    return [
        urlunsplit(parts._replace(netloc=f"{signed}{at}{host}", query=urlencode(query | more)))
        for host in hosts
        for more in listed
    ]
