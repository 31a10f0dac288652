"""JSON calls over HTTP/1.1, lean: kept connections to one server, one call at a time on each.

The hot path's share of HTTP is a POST with a length and an answer parsed in C; a general client
spends several times as much on what is not needed here (redirects, cookies, streams). Uploads and
downloads go through aiohttp.

A connection whose call was given up, by time or by cancelling, is closed: its answer may still come.
"""

import asyncio
import math
import ssl
import time
from collections.abc import Callable
from functools import cache, partial
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import httptools

CONNECT_SECONDS = 5.0
KEPT_SECONDS = 60.0
"""How long a connection may lie idle; servers close them after 75 seconds or more."""

WATCH_SECONDS = 0.5
"""How late is noticed, at most, that a call takes too long."""


class WireBroken(Exception):
    """No answer. `reached`: the call may have been carried out."""

    def __init__(self, why: str, *, reached: bool) -> None:
        super().__init__(why)
        self.reached = reached


class NotWanted(WireBroken):
    """When there was a connection the call was not to be made any more."""

    def __init__(self) -> None:
        super().__init__("no longer wanted", reached=False)


Outcome = tuple[int, bytes] | WireBroken
"""An answer's status and body, or why there is none."""

Answered = Callable[[Outcome], None]


class _Connection(asyncio.Protocol):
    """One connection and the call that is on it. `free` is called when it is ready for another."""

    def __init__(self, free: Callable[["_Connection"], None]) -> None:
        self._free = free
        self._answered: Answered | None = None
        self._answer: tuple[int, bytes] | None = None
        self._parts: list[bytes] = []
        # The parser calls it with each piece of a body.
        self.on_body = self._parts.append
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self.open = False
        self.used = 0.0
        self.deadline = math.inf

    def send(self, request: bytes, deadline: float, answered: Answered) -> None:
        """Write one request; `answered` is called once with what comes of it."""
        assert self._transport is not None, "the connection was made"
        self._answered, self.deadline = answered, deadline
        self._transport.write(request)

    def expire(self) -> None:
        """The answer takes too long."""
        self.close()
        self._fail("TimeoutError")

    def close(self) -> None:
        """At once."""
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by class.
        self._transport = cast("asyncio.Transport", transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.close()
            self._fail(f"no HTTP: {type(error).__name__}")
            return
        answer, self._answer = self._answer, None
        if answer is not None:
            self._end(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._fail(type(exc).__name__ if exc is not None else "the connection was closed")

    def on_message_complete(self) -> None:
        status, body = self._parser.get_status_code(), b"".join(self._parts)
        self._parts.clear()
        if status < 200:
            return
        if not self._parser.should_keep_alive():
            self.open = False
        if self._answered is None or self._answer is not None:
            # Words that nobody asked for: whatever follows could not be told apart.
            self.close()
        else:
            self._answer = status, body

    def _fail(self, why: str) -> None:
        self._end(WireBroken(why, reached=True))

    def _end(self, outcome: Outcome) -> None:
        answered, self._answered = self._answered, None
        self.deadline = math.inf
        self._free(self)
        if answered is not None:
            answered(outcome)


class Wire:
    """Connections to one server: `async with Wire("https://api.telegram.org") as wire`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._head = (
            f" HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._heads: dict[str, bytes] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._watch_at = math.inf
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._all:
            connection.close()
        self._idle.clear()
        if self._watch is not None:
            self._watch.cancel()
        # Closed transports say goodbye in the loop's next turn.
        await asyncio.sleep(0)

    async def post(
        self, path: str, body: bytes, seconds: float, may: Callable[[], bool] | None = None
    ) -> tuple[int, bytes]:
        """POST JSON to a path below the server's; the answer's status and body. Raises WireBroken.

        The limit of `seconds` is kept to WATCH_SECONDS. `may` is asked last, when there is a connection:
        NotWanted is raised where it says no.
        """
        connection = self._kept() or await self._connect()
        if not connection.open:
            self._drop(connection)
            raise WireBroken("the connection was closed", reached=False)
        if may is not None and not may():
            self._free(connection)
            raise NotWanted
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._send(connection, path, body, seconds, partial(_told, future))
        try:
            outcome = await future
        except asyncio.CancelledError:
            self._drop(connection)
            raise
        if isinstance(outcome, WireBroken):
            raise outcome
        return outcome

    def post_now(self, path: str, body: bytes, seconds: float, answered: Answered) -> bool:
        """As `post`, but calls `answered`; False where a connection is to be made first."""
        connection = self._kept()
        if connection is None:
            return False
        self._send(connection, path, body, seconds, answered)
        return True

    def _send(
        self, connection: _Connection, path: str, body: bytes, seconds: float, answered: Answered
    ) -> None:
        head = self._heads.get(path)
        if head is None:
            head = self._heads[path] = f"POST {self._prefix}{path}{self._head}".encode()
        deadline = time.monotonic() + seconds
        connection.send(b"%b%d\r\n\r\n%b" % (head, len(body), body), deadline, answered)
        if deadline < self._watch_at:
            self._look()

    def _free(self, connection: _Connection) -> None:
        """Its call has come to its end."""
        if connection.open:
            connection.used = time.monotonic()
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _kept(self) -> _Connection | None:
        """The connection that was used last, if it is still good."""
        oldest = time.monotonic() - KEPT_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.open and connection.used > oldest:
                return connection
            self._drop(connection)
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    partial(_Connection, self._free),
                    self._host,
                    self._port,
                    ssl=_tls() if self._secure else None,
                )
        except OSError as error:
            # Also a time limit, a name that is not known, and a certificate that is not right.
            raise WireBroken(type(error).__name__, reached=False) from None
        self._all.add(connection)
        return connection

    def _look(self) -> None:
        """Give up what takes too long, and look again when the next may: one timer for all calls."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        now = time.monotonic()
        late = [connection for connection in self._all if connection.deadline <= now]
        others = (connection.deadline for connection in self._all if connection.deadline > now)
        first = min(others, default=math.inf)
        self._watch_at = max(first, now + WATCH_SECONDS)
        if first < math.inf:
            self._watch = asyncio.get_running_loop().call_later(self._watch_at - now, self._look)
        # Last: whoever hears of it may begin another call, or break us.
        for connection in late:
            connection.expire()

    def _drop(self, connection: _Connection) -> None:
        self._all.discard(connection)
        connection.close()


def _told(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
