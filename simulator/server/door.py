"""The door of the simulator's port.

Nearly all that comes are small plain calls, on connections that stay, and for those a full web server
spends more on requests, routes and responses than the call itself costs. They are answered here; with the
first thing that is anything else (an upload, a download, the control API, a page) a connection is handed
over to the full server, for good. What a call does, and how it is answered, is `BotApi`'s either way.

What comes behind a call that is under way waits for its end. As in the full server, a call goes on when its
caller has hung up.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, cast

from simulator.server.answers import Answer, Broken, Outcome, as_bytes, end
from simulator.server.asked import Asked, plain_call
from simulator.server.bot_api import BotApi

_log = logging.getLogger("simulator")
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD = 16 * 1024
_START = b"POST "


class Doors:
    """All connections that were not handed over. It is called for each that is made."""

    def __init__(self, api: BotApi, full_server: Callable[[], asyncio.Protocol]) -> None:
        self.api = api
        self.full_server = full_server
        self.open: set[_Door] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    def __call__(self) -> asyncio.Protocol:
        return _Door(self)

    def start(self, call: Coroutine[Any, Any, None]) -> None:
        """A call that takes its time."""
        task = asyncio.get_running_loop().create_task(call, name="simulator-call")
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a call broke", exc_info=task.exception())

    async def close(self) -> None:
        """Ends every connection; calls that are still under way are given up."""
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)
        for door in tuple(self.open):
            door.close()


class _Door(asyncio.Protocol):
    """One connection: `_came` is what was not yet looked at."""

    __slots__ = ("_address", "_busy", "_came", "_doors", "_transport")

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._came = b""
        self._busy = False
        self._address = ""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by class.
        self._transport = cast("asyncio.Transport", transport)
        self._address = transport.get_extra_info("peername")[0]
        self._doors.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's own
        self._transport = None
        self._doors.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._came = self._came + data if self._came else data
        if not self._busy:
            self._look()

    def close(self) -> None:
        """When what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def _look(self) -> None:
        """Answers the calls that are there, up to the first that takes its time."""
        while self._came and self._transport is not None and not self._busy:
            came = self._came
            body = came.find(_END_OF_HEAD) + len(_END_OF_HEAD)
            if body < len(_END_OF_HEAD):
                if not came.startswith(_START[: len(came)]) or len(came) > _LONGEST_HEAD:
                    self._hand_over(self._transport)
                return
            asked = plain_call(came[:body])
            if asked is None:
                self._hand_over(self._transport)
                return
            if len(came) < body + asked.length:
                return
            self._came = came[body + asked.length :]
            self._take(asked, came[body : body + asked.length])

    def _take(self, asked: Asked, body: bytes) -> None:
        self._busy = True
        outcome = self._doors.api.take(asked, self._address, body)
        if isinstance(outcome, Answer | Broken):
            self._answer(outcome)
        else:
            self._doors.start(self._in_time(outcome))

    async def _in_time(self, coming: Coroutine[Any, Any, Outcome]) -> None:
        try:
            self._answer(await coming)
        finally:
            if self._busy:
                self.close()
        self._look()

    def _answer(self, outcome: Outcome) -> None:
        self._busy = False
        if self._transport is None:
            return
        if isinstance(outcome, Answer):
            self._transport.write(as_bytes(outcome))
        else:
            end(self._transport, outcome)
            self._transport = None

    def _hand_over(self, transport: asyncio.Transport) -> None:
        full = self._doors.full_server()
        self._doors.open.discard(self)
        transport.set_protocol(full)
        full.connection_made(transport)
        full.data_received(self._came)
