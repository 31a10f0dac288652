"""A Redis Cluster: each slot has its master, each batch is cut into one for every master concerned.

So a batch is no whole: parts of it may be done and others not, and only within a slot is its order
kept. Whoever needs more waits between two batches (`scattered`). A master that is not what the map
says is asked for again; a slot that has another master than before counts as set back.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from typing import Any

from redis import asyncio as redis_asyncio
from redis import exceptions
from redis.crc import key_slot

from core.state.redis.address import plain, take_apart
from core.state.redis.server import Command, Server

SLOTS = 16_384
ROUNDS = 3
"""How often a command may be sent on to another master."""

MAP_SECONDS = 1.0
"""How long one server may take to tell the map of slots."""

Address = tuple[str, int]


class Cluster:
    """`connections` to each server."""

    fails_over = True
    scattered = True

    def __init__(self, url: str, connections: int) -> None:
        self.history = 0
        self._place = take_apart(url, 6379)
        self._connections = connections
        self._servers: dict[Address, Server] = {}
        self._masters: list[Address | None] = []
        self._last: list[Address | None] = []
        self._drawn = asyncio.Lock()
        self._draws = 0

    async def talk(
        self, commands: Sequence[Command], waits: Sequence[Command]
    ) -> tuple[list[Any], list[Any]]:
        slots = [_slot(command) for command in commands]
        replies: list[Any] = [None] * len(commands)
        answers: list[Any] = []
        left: Sequence[int] = range(len(commands))
        for _ in range(ROUNDS):
            if not self._masters:
                await self._draw(self._draws)
            draws = self._draws
            parts: dict[Address, list[int]] = {}
            for at in left:
                parts.setdefault(self._master(slots[at]), []).append(at)
            answers += await self._round(parts, commands, waits, replies)
            left = [at for at in left if type(replies[at]) is exceptions.MovedError]
            await self._ask(replies, commands, waits, answers)
            if not left:
                break
            await self._draw(draws)
        return replies, answers

    async def everywhere(self, commands: Sequence[Command]) -> list[list[Any]]:
        if not self._masters:
            await self._draw(self._draws)
        masters = {address for address in self._masters if address is not None}
        return [(await self._server(address).talk(commands))[0] for address in sorted(masters)]

    def distrust(self) -> None:
        self._masters = []
        for server in self._servers.values():
            server.distrust()

    async def channel(self) -> redis_asyncio.ConnectionPool:
        """Any server: what is published goes to all."""
        if not self._masters:
            await self._draw(self._draws)
        return self._server(random.choice([a for a in self._masters if a is not None])).pool

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()
        self._servers.clear()

    # --- Talking --------------------------------------------------------------------------------

    async def _round(
        self,
        parts: dict[Address, list[int]],
        commands: Sequence[Command],
        waits: Sequence[Command],
        replies: list[Any],
    ) -> list[Any]:
        """Each part to its master, all at once; the answers of the waits."""
        told = await asyncio.gather(
            *(
                self._server(address).talk([commands[at] for at in part], waits)
                for address, part in parts.items()
            ),
            return_exceptions=True,
        )
        answers: list[Any] = []
        for part, said in zip(parts.values(), told, strict=True):
            if isinstance(said, BaseException):
                self._masters = []
                raise said
            for at, reply in zip(part, said[0], strict=True):
                replies[at] = reply
            answers += said[1]
        return answers

    async def _ask(
        self, replies: list[Any], commands: Sequence[Command], waits: Sequence[Command], answers: list[Any]
    ) -> None:
        """A key that has left its master while its slot moves: the new one is asked for it alone."""
        for at, reply in enumerate(replies):
            if type(reply) is exceptions.AskError:
                server = self._server((reply.host, reply.port))
                (_, replies[at]), said = await server.talk([("ASKING",), commands[at]], waits)
                answers += said

    def _master(self, slot: int | None) -> Address:
        """Who has the slot; anybody for a command without a key. Raises ClusterDownError."""
        known = self._masters
        address = known[slot] if slot is not None else next((a for a in known if a is not None), None)
        if address is None:
            self._masters = []
            raise exceptions.ClusterDownError(f"nobody serves slot {slot}")
        return address

    def _server(self, address: Address) -> Server:
        if address not in self._servers:
            host, port = address
            options = dict(self._place.options)
            kind = redis_asyncio.SSLConnection if options.pop("ssl", False) else redis_asyncio.Connection
            pool = redis_asyncio.ConnectionPool(kind, host=host, port=port, **plain(), **options)
            self._servers[address] = Server(pool, self._connections, self._set_back)
        return self._servers[address]

    # --- The map --------------------------------------------------------------------------------

    async def _draw(self, seen: int) -> None:
        """Ask for the map, unless somebody did since `seen`. Raises ConnectionError."""
        async with self._drawn:
            if self._masters and self._draws > seen:
                return
            known = list(self._servers)
            random.shuffle(known)
            for address in dict.fromkeys((*known, *self._place.hosts)):
                masters = await self._map_of(address)
                if masters:
                    self._take(masters)
                    return
        raise exceptions.ConnectionError("no server of the cluster tells who has which slot")

    async def _map_of(self, address: Address) -> list[Address | None]:
        """Who has which slot, as one server knows it; nothing where it does not tell."""
        try:
            async with asyncio.timeout(MAP_SECONDS):
                ranges = await self._ask_for_map(address)
        except (exceptions.RedisError, OSError, TimeoutError):
            return []
        masters: list[Address | None] = [None] * SLOTS
        for first, last, master, *_ in ranges:
            host = master[0].decode() if master[0] else address[0]
            masters[first : last + 1] = [(host, int(master[1]))] * (last + 1 - first)
        return masters if ranges else []

    async def _ask_for_map(self, address: Address) -> Any:
        # A replica tells the map as well, but `Server` talks to masters only.
        client = redis_asyncio.Redis.from_pool(self._server(address).pool)
        client.response_callbacks.clear()
        return await client.execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]

    def _take(self, masters: list[Address | None]) -> None:
        before, self._masters = self._last, masters
        if any(was not in (None, now) for was, now in zip(before, masters, strict=False)):
            self._set_back()
        self._last = masters
        self._draws += 1

    def _set_back(self) -> None:
        self.history += 1


def _slot(command: Command) -> int | None:
    """The slot of a command's first key; None where it has none."""
    key = _key(command)
    return None if key is None else key_slot(key if isinstance(key, bytes) else str(key).encode())


def _key(command: Command) -> str | bytes | int | None:
    name = command[0]
    if name in ("EVALSHA", "EVAL"):
        return command[3]
    if name == "XREAD":
        return command[list(command).index("STREAMS") + 1]
    if name == "SCAN":
        # `SCAN cursor MATCH pattern ...`: the pattern's tag says where all that it means is.
        return command[3]
    if name in _KEYLESS or len(command) == 1:
        return None
    return command[1]


_KEYLESS: Iterable[object] = frozenset({"PING", "INFO", "CONFIG", "SCRIPT", "CLIENT", "PUBLISH"})
