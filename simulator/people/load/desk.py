"""The HTTP side of loads, and the one that runs."""

import asyncio
import contextlib
import itertools
from typing import Any

import msgspec
from aiohttp import web

from simulator.clock import sleep
from simulator.errors import ControlError
from simulator.people.load.pairs import Pairs
from simulator.people.load.spec import LoadSpec
from simulator.world.world import World

_LONGEST_WAIT = 60.0


class LoadDesk:
    """Starts, shows and stops loads, one at a time. `people` are those of the load that runs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs = itertools.count(1)
        self._wanted: asyncio.Queue[Pairs] = asyncio.Queue()
        self._load: Pairs | None = None
        self._playing: asyncio.Task[None] | None = None
        #: Shared with the crowd: while it is not empty, chatters do not search.
        self.people: set[int] = set()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/control/load", self._post),
            web.get("/control/load", self._get),
            web.delete("/control/load", self._delete),
        ]

    async def run(self) -> None:
        """Plays what is asked for, until cancelled."""
        while True:
            load = await self._wanted.get()
            self._playing = asyncio.create_task(load.run(), name="simulator-load")
            try:
                await asyncio.wait((self._playing,))
                if not self._playing.cancelled():
                    self._playing.result()
            finally:
                self._playing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._playing
                self.people.clear()

    def start(self, spec: LoadSpec) -> Pairs:
        """Begins a load; ControlError while another one runs."""
        if self._load is not None and not self._load.finished:
            raise ControlError("a load runs already: wait for it, or DELETE /control/load")
        if self._load is not None:
            self._load.close()
        self._load = load = Pairs(self._world, spec, next(self._runs))
        self.people |= load.people
        self._wanted.put_nowait(load)
        return load

    def report(self, *, full: bool) -> dict[str, Any]:
        """How far the load is; with `full`, or once it is done, the verdict too."""
        load = self._load
        if load is None:
            raise ControlError("no load was started: POST /control/load starts one")
        shown: dict[str, Any] = {"done": load.finished, "stages": load.stages}
        if full or load.finished:
            verdict = msgspec.to_builtins(load.ledger.evaluate())
            return shown | {"verdict": verdict, "missing": load.ledger.missing()}
        ledger = load.ledger
        return shown | {"sent": ledger.sent, "shown": ledger.shown, "repeats": ledger.repeats}

    async def _post(self, request: web.Request) -> web.Response:
        try:
            load = self.start(msgspec.json.decode(await request.read(), type=LoadSpec))
        except (ControlError, msgspec.MsgspecError) as error:
            return _json({"error": str(error)}, 400)
        return _json({"people": len(load.people)})

    async def _get(self, request: web.Request) -> web.Response:
        """`wait`: answers when the load is done, or after so many seconds; `full`: the verdict so far."""
        clock = self._world.clock
        try:
            until = clock.monotonic() + min(_LONGEST_WAIT, float(request.query.get("wait", "0")))
            while self._load is not None and not self._load.finished and clock.monotonic() < until:
                await sleep(clock, 0.05)
            return _json(self.report(full="full" in request.query))
        except ControlError as error:
            return _json({"error": str(error)}, 400)
        except ValueError:
            return _json({"error": "wait should be a number of seconds"}, 400)

    async def _delete(self, _: web.Request) -> web.Response:
        if self._load is not None:
            if self._playing is not None:
                self._playing.cancel()
            self._load.leave()
        return _json({})


def _json(answer: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type="application/json")
