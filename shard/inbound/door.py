"""The door at which Telegram's updates are handed in: HTTP/1.1 for one route, lean.

A delivery costs a POST that is parsed in C and an answer that is ready made; a general server spends
several times as much. Who does not know the secret is not listened to: the body is thrown away as it
comes. One request at a time on a connection.
"""

import asyncio
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, create_server, socket
from typing import Final, cast

import httptools

from core.domain.errors import DuologueError
from core.service import metrics

SECRET_HEADER = b"x-telegram-bot-api-secret-token"
BODY_MOST = 8 * 1024 * 1024
VISITS_MOST = 512
IDLE_SECONDS = 75.0
"""A connection on which nothing comes and nothing is owed is closed after this, or twice this."""

_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    503: "Service Unavailable",
}
RETRY_AFTER = 1
"""Seconds after which Telegram may come again with what we could not take."""

_ANSWERS = {
    status: (
        f"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\n"
        + (f"Retry-After: {RETRY_AFTER}\r\n" if status == 503 else "")
        + "\r\n"
    ).encode()
    for status, reason in _REASONS.items()
}

Receive = Callable[[bytes], "asyncio.Future[int]"]
"""Takes the body of a delivery; the status to answer with comes later. Cancelled when nobody waits for it."""


class Door:
    """Who may hand in, and to whom. `visit` makes the protocol of a connection."""

    def __init__(self, path: str, secret: str, receive: Receive) -> None:
        """`path` is what the URL ends with: a front door may put something before it."""
        self._path = path.encode()
        self._secret = secret.encode()
        self.receive = receive
        self.visits: set[_Visit] = set()

    def visit(self) -> asyncio.Protocol:
        return _Visit(self)

    def judge(self, method: bytes, url: bytes, secret: bytes) -> int:
        """The status to refuse a request with; 0 where it may come in."""
        if not url.partition(b"?")[0].endswith(self._path):
            return 404
        if method != b"POST":
            return 405
        return 0 if hmac.compare_digest(secret, self._secret) else 403

    def close(self) -> None:
        """End all connections."""
        for visit in list(self.visits):
            visit.close()


class _Visit(asyncio.Protocol):
    """One connection and the delivery that is on it."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answer: asyncio.Future[int] | None = None
        self._active = False
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._secret = b""
        self._size = 0
        self._parts: list[bytes] = []
        self._refused = 0

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by class.
        self._transport = cast("asyncio.Transport", transport)
        if len(self._door.visits) >= VISITS_MOST:
            self._transport.abort()
            return
        self._door.visits.add(self)
        self._timer = self._loop.call_later(IDLE_SECONDS, self._look)

    def connection_lost(self, _: Exception | None) -> None:
        self._door.visits.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._answer is not None:
            self._answer.cancel()

    def data_received(self, data: bytes) -> None:
        self._active = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            metrics.WEBHOOK_REFUSED.inc()
            self._say(400, last=True)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == SECRET_HEADER:
            self._secret = value

    def on_headers_complete(self) -> None:
        self._refused = self._door.judge(self._parser.get_method(), self._url, self._secret)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > BODY_MOST:
            self._refused = self._refused or 413
        if self._refused:
            self._parts.clear()
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        refused, body = self._refused, b"".join(self._parts)
        self._begin()
        if self._answer is not None:
            # A second request before the first was answered: nobody who means well does that.
            self.close()
        elif refused:
            metrics.WEBHOOK_REFUSED.inc()
            self._say(refused, last=True)
        else:
            self._answer = self._door.receive(body)
            self._answer.add_done_callback(self._answered)

    def _answered(self, answer: "asyncio.Future[int]") -> None:
        self._answer = None
        if not answer.cancelled():
            self._say(answer.result(), last=not self._parser.should_keep_alive())

    def _say(self, status: int, *, last: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(_ANSWERS[status])
        if last:
            self._transport.close()

    def _look(self) -> None:
        if not self._active and self._answer is None:
            self.close()
            return
        self._active = False
        self._timer = self._loop.call_later(IDLE_SECONDS, self._look)


@contextmanager
def socket_at(path: Path) -> Iterator[socket]:
    """A listening socket in the file system, in place of whatever was there; gone with the block.

    There is no moment without one: a process that takes a bot over puts its socket over the old one's.
    """
    new = path.with_name(f"{path.name}.new")
    listener = socket(AF_UNIX, SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        listener.bind(str(new))
        # The front door is another user's; who may come in is told by the secret.
        new.chmod(0o666)
        listener.listen(VISITS_MOST)
        ours = new.stat().st_ino
        new.rename(path)
    except OSError as error:
        listener.close()
        raise DuologueError(
            f"no socket can be made at {path} ({error.strerror or error}): "
            "set DUOLOGUE_WEBHOOK_SOCKETS to a folder that we may write to, with a short path"
        ) from None
    try:
        yield listener
    finally:
        listener.close()
        with suppress(OSError):
            if path.stat().st_ino == ours:
                path.unlink()


@contextmanager
def port_at(host: str, port: int) -> Iterator[socket]:
    """A listening port of this machine."""
    try:
        family = AF_INET6 if ":" in host else AF_INET
        listener = create_server((host, port), family=family, backlog=VISITS_MOST)
    except OSError as error:
        raise DuologueError(
            f"port {port} on {host} cannot be used ({error.strerror}): set another DUOLOGUE_WEBHOOK_PORT"
        ) from None
    with listener:
        yield listener
