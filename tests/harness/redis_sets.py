"""Redis that fails over: a master with replicas and three sentinels, and a cluster of six nodes."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from redis import asyncio as redis_asyncio
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from deploy.embedded.redis import EmbeddedRedis, program
from deploy.embedded.server import EmbeddedServer
from tests.harness.ports import HOST, free_port
from tests.harness.waiting import until

NAME = "duologue"
DOWN_AFTER_MS = 2_000
"""A sentinel connects to a new master only a second after it last tried the old one. With a second here
it may call the new one down before it has knocked, and put a third in its place."""
NODE_TIMEOUT_MS = 1_500
QUORUM = 2
PASSWORD = "only-in-tests"
PEER = "peer"
"""As whom servers and sentinels sign in with each other, so that they alone can be cut off."""


async def ask(port: int, *command: str, password: str | None = None, host: str = HOST) -> Any:
    """One command to one server, whatever it is in its set; the answer as it comes."""
    async with redis_asyncio.Redis(
        host=host, port=port, password=password, protocol=2, socket_timeout=2, retry=Retry(NoBackoff(), 0)
    ) as redis:
        redis.response_callbacks.clear()
        return await redis.execute_command(*command)  # type: ignore[no-untyped-call]


def _told(condition: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    """False, too, while a server that is asked is slow or away."""

    async def told() -> bool:
        try:
            return await condition()
        except exceptions.RedisError:
            return False

    return told


class Node(EmbeddedRedis):
    """One server of a set, on a port of its own. `within` goes before its command."""

    def __init__(
        self, folder: Path, settings: dict[str, str], host: str = HOST, within: Sequence[str] = ()
    ) -> None:
        self.host = host
        self.port = free_port()
        self._within = within
        super().__init__(
            folder,
            {
                "port": str(self.port),
                "bind": host,
                "protected-mode": "no",
                "repl-diskless-sync-delay": "0",
                "repl-ping-replica-period": "1",
                "requirepass": PASSWORD,
                "masteruser": PEER,
                "masterauth": PASSWORD,
                **settings,
            },
        )

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@{self.host}:{self.port}"

    def _command(self) -> Sequence[str]:
        return [*self._within, *super()._command()]

    async def _ready(self) -> bool:
        try:
            return bool(await self.ask("PING") == b"PONG")
        except exceptions.RedisError:
            return False

    def freeze(self) -> None:
        """Cut off from everybody: it answers nothing until `thaw`, and then goes on where it was."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def ask(self, *command: str) -> Any:
        """As `ask`."""
        return await ask(self.port, *command, password=PASSWORD, host=self.host)

    async def follows(self) -> bool:
        """Whether it is a replica that has all of its master; who becomes one sends everybody away first."""
        try:
            return b"master_link_status:up" in await self.ask("INFO", "replication")
        except exceptions.RedisError:
            return False

    async def cut_off(self) -> None:
        """No other server reaches it any more; who only uses it does."""
        await self.ask("ACL", "SETUSER", PEER, "off")
        await self.ask("CLIENT", "KILL", "USER", PEER)

    async def joined(self) -> None:
        """All servers reach it."""
        await self.ask("ACL", "SETUSER", PEER, "on", f">{PASSWORD}", "~*", "&*", "+@all")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class Sentinel(EmbeddedServer):
    """One sentinel; it writes what it learns into its file."""

    name = "Sentinel"
    death_signal = signal.SIGTERM
    start_limit_s = 20.0

    def __init__(self, folder: Path, master: Node, host: str) -> None:
        super().__init__(folder)
        self.host = host
        self.port = free_port()
        self._master = master

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}"

    @property
    def _file(self) -> Path:
        return self.folder / "sentinel.conf"

    def _command(self) -> Sequence[str]:
        return [program(), str(self._file), "--sentinel"]

    async def _prepare(self) -> None:
        if self._file.exists():
            return
        self._file.write_text(
            f"port {self.port}\nbind {self.host}\nprotected-mode no\ndir {self.folder}\n"
            f"sentinel monitor {NAME} {self._master.host} {self._master.port} {QUORUM}\n"
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {NAME} 5000\n"
            f"sentinel auth-user {NAME} {PEER}\nsentinel auth-pass {NAME} {PASSWORD}\n"
        )

    async def _ready(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def ask(self, *command: str) -> Any:
        """One of its own commands."""
        return await ask(self.port, "SENTINEL", *command, host=self.host)


class RedisSet:
    """What both kinds of set share: nodes that are started and stopped together."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.settings = settings or {}
        self.nodes: list[Node] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self.servers:
            if isinstance(server, Node) and server.running:
                server.thaw()
            await server.stop()

    async def start(self) -> None:
        raise NotImplementedError

    @property
    def servers(self) -> Sequence[EmbeddedServer]:
        return self.nodes

    def node(self, port: int) -> Node:
        return next(node for node in self.nodes if node.port == port)

    async def _follow(self, replicas: list[Node]) -> None:
        for node in replicas:
            await until(node.follows, 20, "a replica to follow")


class Watched(RedisSet):
    """A master, replicas, and three sentinels beside them."""

    def __init__(
        self,
        folder: Path,
        settings: dict[str, str] | None = None,
        replicas: int = 2,
        host: str = HOST,
        apart: tuple[str, Sequence[str]] = (HOST, ()),
    ) -> None:
        """All are at `host`; the first master is `apart`: at that address, with that before its command."""
        super().__init__(folder, settings)
        self._replicas = replicas
        self._host = host
        self._apart = apart
        self.sentinels: list[Sentinel] = []

    @property
    def servers(self) -> Sequence[EmbeddedServer]:
        return [*self.sentinels, *self.nodes]

    @property
    def url(self) -> str:
        hosts = ",".join(f"{sentinel.host}:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://:{PASSWORD}@{hosts}/{NAME}/0"

    async def start(self) -> None:
        first = Node(self.folder / "node0", self.settings, *self._apart)
        folders = [self.folder / f"node{n}" for n in range(1, self._replicas + 1)]
        others = [Node(folder, self.settings, self._host) for folder in folders]
        self.nodes = [first, *others]
        for node in others:
            node.settings["replicaof"] = f"{first.host} {first.port}"
        await asyncio.gather(*(node.start() for node in self.nodes))
        for node in self.nodes:
            await node.joined()
        await self._follow(others)
        self.sentinels = [Sentinel(self.folder / f"sentinel{n}", first, self._host) for n in range(3)]
        await asyncio.gather(*(sentinel.start() for sentinel in self.sentinels))
        await until(_told(self._know_each_other), 20, "the sentinels to know each other and the replicas")

    async def master(self) -> Node:
        """Whom most sentinels name."""
        names = [await self._named_by(sentinel) for sentinel in self.sentinels]
        return self.node(max(names, key=names.count))

    async def failed_over(self, before: Node, seconds: float = 20) -> Node:
        """Wait until most sentinels name another master."""

        async def other() -> bool:
            return await self.master() is not before

        await until(_told(other), seconds, "another master")
        return await self.master()

    async def _named_by(self, sentinel: Sentinel) -> int:
        return int((await sentinel.ask("GET-MASTER-ADDR-BY-NAME", NAME))[1])

    async def _know_each_other(self) -> bool:
        for sentinel in self.sentinels:
            flat = await sentinel.ask("MASTER", NAME)
            state: dict[bytes, Any] = dict(zip(flat[::2], flat[1::2], strict=True))
            if (int(state[b"num-other-sentinels"]), int(state[b"num-slaves"])) != (2, self._replicas):
                return False
        return True


class SixNodes(RedisSet):
    """Three masters with a replica each."""

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{node.port}" for node in self.nodes[:3])
        return f"redis+cluster://:{PASSWORD}@{hosts}"

    async def start(self) -> None:
        settings = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": str(NODE_TIMEOUT_MS),
            "cluster-replica-validity-factor": "0",
            **self.settings,
        }
        self.nodes = [Node(self.folder / f"node{n}", settings) for n in range(6)]
        await asyncio.gather(*(node.start() for node in self.nodes))
        masters, replicas = self.nodes[:3], self.nodes[3:]
        for number, node in enumerate(self.nodes):
            await node.joined()
            await node.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
            await node.ask("CLUSTER", "MEET", HOST, str(self.nodes[0].port))
        bounds = (0, 5461, 10923, 16384)
        for node, first, last in zip(masters, bounds, bounds[1:], strict=False):
            await node.ask("CLUSTER", "ADDSLOTSRANGE", str(first), str(last - 1))
        await until(_told(partial(self._all, "cluster_known_nodes", "6")), 20, "the nodes to know each other")
        for node, master in zip(replicas, masters, strict=True):
            await node.ask("CLUSTER", "REPLICATE", (await master.ask("CLUSTER", "MYID")).decode())
        await until(_told(partial(self._all, "cluster_state", "ok")), 20, "the cluster to be up")
        await self._follow(replicas)

    async def master_of(self, key: str) -> Node:
        """Who serves the slot of a key, as the nodes that answer see it."""
        for node in self.nodes:
            if not node.running:
                continue
            slot = await node.ask("CLUSTER", "KEYSLOT", key)
            for first, last, master, *_ in await node.ask("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return self.node(int(master[1]))
        raise AssertionError(f"nobody serves {key}")

    async def _all(self, field: str, value: str) -> bool:
        for node in self.nodes:
            if f"{field}:{value}" not in (await node.ask("CLUSTER", "INFO")).decode().splitlines():
                return False
        return True
