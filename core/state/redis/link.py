"""One connection to Redis, lean: a batch of commands out, as many replies in.

redis-py connects, encrypts, signs in and selects the database, and its parser knows the errors; then
its socket is read here, because its own way of reading costs several times what a command does. It has no
public name for the socket: `_writer` is the one private attribute that is used.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis import asyncio as redis_asyncio
from redis import exceptions
from redis.asyncio.connection import DefaultParser


class Link(asyncio.Protocol):
    """Made by `open`; one batch at a time. After a failure it is to be closed."""

    def __init__(self, connection: redis_asyncio.Connection, transport: asyncio.WriteTransport) -> None:
        self._connection = connection
        self._transport = transport
        self._reader = hiredis.Reader(
            protocolError=exceptions.InvalidResponse, replyError=DefaultParser.parse_error
        )
        self._replies: list[Any] = []
        self._wanted = 0
        self._answer: asyncio.Future[list[Any]] | None = None
        self._loop = asyncio.get_running_loop()
        self.alive = True
        self.deadline = math.inf

    @classmethod
    async def open(cls, pool: redis_asyncio.ConnectionPool) -> "Link":
        """A new connection, as the pool makes them. Raises redis-py's errors."""
        connection = cast("redis_asyncio.Connection", pool.make_connection())  # type: ignore[no-untyped-call]
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            writer = connection._writer
            if writer is None:
                raise exceptions.ConnectionError("the connection was closed")
            link = cls(connection, writer.transport)
            writer.transport.set_protocol(link)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return link

    def ask(self, commands: Sequence[tuple[Any, ...]]) -> "asyncio.Future[list[Any]]":
        """The replies, in order; errors among them as exceptions. It, or waiting, raises ConnectionError."""
        if not self.alive:
            raise exceptions.ConnectionError("the connection was closed")
        self._wanted = len(commands)
        self._replies = []
        self._answer = answer = self._loop.create_future()
        self._transport.write(b"".join([hiredis.pack_command(command) for command in commands]))
        return answer

    def abort(self) -> None:
        """Close at once."""
        self.alive = False
        self._transport.abort()

    def expire(self) -> None:
        """The answer takes too long."""
        self._fail(exceptions.ConnectionError("the answer takes too long"))

    async def close(self) -> None:
        """Close, and let redis-py know."""
        self.alive = False
        await self._connection.disconnect(nowait=True)

    def data_received(self, data: bytes) -> None:
        reader, replies = self._reader, self._replies
        try:
            reader.feed(data)
            while len(replies) < self._wanted and (reply := reader.gets()) is not False:
                replies.append(reply)
        except exceptions.RedisError as error:
            self._fail(exceptions.ConnectionError(f"no answer that can be read: {error}"))
            self.abort()
            return
        if len(replies) == self._wanted and self._answer is not None:
            answer, self._answer = self._answer, None
            if not answer.done():
                answer.set_result(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        self._fail(exceptions.ConnectionError(str(exc) if exc else "Connection closed by server."))

    def _fail(self, error: exceptions.ConnectionError) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
