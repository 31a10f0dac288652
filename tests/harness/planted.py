"""Secrets planted into a run, and the search for them in everything that it has written.

`traces` looks at every file below the network's folder (logs, the servers' data, what a crash left), at the
pages of figures, at all of Redis and all rows of PostgreSQL. The caller says what may be in which kind of
place: a text waits in Redis and so in its append-only file, but never in a log.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import aiohttp
import asyncpg

from core.state.redis.client import RedisClient
from tests.harness.network import Network
from tests.harness.waiting import until


class Place(StrEnum):
    """Where something was found."""

    LOG = "log"
    PAGE = "page"
    REDIS = "redis"
    REDIS_FILE = "redis file"
    POSTGRES = "postgres"
    POSTGRES_FILE = "postgres file"
    OTHER_FILE = "other file"


_SERVERS = {"redis": Place.REDIS_FILE, "pg": Place.POSTGRES_FILE, "postgres": Place.POSTGRES_FILE}
"""The folders of their data."""


async def traces(
    network: Network, planted: Mapping[str, Collection[str]], allowed: Mapping[str, Collection[Place]]
) -> list[str]:
    """What of the planted was found where it may not be: `kind: place, name`, never the secret itself.

    `planted` are secrets by kind; `allowed` says for a kind where it may be.
    """
    found = set(traces_in_files(network.folder, planted, allowed))
    for name, page in await _pages(network):
        found |= _found(planted, allowed, Place.PAGE, name, page)
    for key, value in await _redis(network):
        found |= _found(planted, allowed, Place.REDIS, key, value)
    for table, row in await _rows(network):
        found |= _found(planted, allowed, Place.POSTGRES, table, row)
    return sorted(found)


def traces_in_files(
    folder: Path, planted: Mapping[str, Collection[str]], allowed: Mapping[str, Collection[Place]]
) -> list[str]:
    """The same for the files below a folder alone."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder)
            found |= _found(planted, allowed, _place(name), str(name), _read(path))
    return sorted(found)


def _found(
    planted: Mapping[str, Collection[str]],
    allowed: Mapping[str, Collection[Place]],
    place: Place,
    name: str,
    content: bytes,
) -> set[str]:
    return {
        f"{kind}: {place}, {name}"
        for kind, words in planted.items()
        if place not in allowed.get(kind, ()) and any(word.encode() in content for word in words)
    }


def _place(path: Path) -> Place:
    if path.suffix == ".log":
        return Place.LOG
    for server, place in _SERVERS.items():
        if server in path.parts:
            return place
    return Place.OTHER_FILE


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the servers go on working
        return b""


async def _all_answer(network: Network) -> bool:
    return all([await network.figure(name, "duologue_lease_held") >= 0 for name in network.processes])


async def _pages(network: Network) -> list[tuple[str, bytes]]:
    await until(lambda: _all_answer(network), 30, "every process to show its pages")
    pages = []
    async with aiohttp.ClientSession() as session:
        for name in network.processes:
            for page in ("metrics", "healthz", "readyz"):
                url = f"http://127.0.0.1:{network.port(name)}/{page}"
                async with session.get(url) as answer:
                    pages.append((f"{name}/{page}", await answer.read()))
    return pages


async def _redis(network: Network) -> Sequence[tuple[str, bytes]]:
    """Every key with its value, as the server would hand them to another."""
    async with RedisClient(network.settings.redis_url or "") as client:
        found = []
        for key in await client.command("KEYS", "*"):
            name = key.decode(errors="replace")
            kind = (await client.command("TYPE", key)).decode()
            if kind == "none":
                # Its time was over.
                continue
            parts = await client.command(*_ALL_OF[kind][:1], key, *_ALL_OF[kind][1:])
            found.append((name, key + b" " + b" ".join(_flat(parts))))
        return found


_ALL_OF = {
    "string": ("GET",),
    "hash": ("HGETALL",),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", 0, -1),
    "stream": ("XRANGE", "-", "+"),
    "list": ("LRANGE", 0, -1),
}


def _flat(value: object) -> list[bytes]:
    if isinstance(value, list):
        return [one for part in value for one in _flat(part)]
    return [value if isinstance(value, bytes) else str(value).encode()]


async def _rows(network: Network) -> list[tuple[str, bytes]]:
    connection = await asyncpg.connect(network.postgres.url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [
            (table["tablename"], repr(tuple(row)).encode())
            for table in tables
            for row in await connection.fetch(f"SELECT * FROM {table['tablename']}")
        ]
    finally:
        await connection.close()
