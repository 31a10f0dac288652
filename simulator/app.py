"""Puts a simulator together, serves it, stops it in order."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from simulator.clock import Clock, RealClock
from simulator.faults.rules import Faults
from simulator.limits.judge import Caps, Judge
from simulator.page.site import Site
from simulator.people.crowd import Crowd
from simulator.people.gallery import Gallery
from simulator.people.load.desk import LoadDesk
from simulator.server.bot_api import BotApi
from simulator.server.control import Control
from simulator.server.door import Doors
from simulator.server.events import EventLog
from simulator.webhooks.courier import Couriers
from simulator.world.world import World, WorldOptions

_log = logging.getLogger("simulator")
_BODY_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How a simulator is to be. Port 0 takes any free port; `bots` exist from the start.
    `people`: how many chatters keep company; `page`: whether the page in the browser lives.

    `local` plays a local Bot API server (large files, `file://`); `caps` are the limits at the start.
    `history`: how many messages are kept before the oldest are forgotten. `media_lag`: by how many seconds
    a text may overtake a file that is sent at the same time.
    """

    host: str = "127.0.0.1"
    port: int = 8081
    bots: int = 3
    seed: str = "duologue"
    local: bool = False
    history: int = 300_000
    people: int = 0
    page: bool = True
    media_lag: float = 0.003
    caps: Caps = field(default_factory=Caps)


class PortTaken(Exception):
    """The address is in use or cannot be bound; the text says which and what to do."""


class Simulator:
    """One world with its judge, its faults and its server."""

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        self.options = options
        self.clock = clock or RealClock()
        self.world = World(WorldOptions(options.seed, options.history, options.local), self.clock)
        self.judge = Judge(options.caps)
        self.faults = Faults(options.seed)
        self.events = EventLog(self.world)
        self.bot_api = BotApi(self.world, self.judge, self.faults, self.clock, options.media_lag)
        self.control = Control(self.world, self.judge, self.faults, self.events, self.bot_api.restart)
        self.couriers = Couriers(self.world, self.clock, self.faults, self.bot_api.run_given)
        self.web = web.Application(client_max_size=_BODY_LIMIT)
        self.bot_api.mount(self.web)
        self.control.mount(self.web)
        gallery = Gallery(self.world)
        self.page = Site(self.world, self.judge, gallery)
        self.loads = LoadDesk(self.world)
        self.crowd = Crowd(self.world, gallery, options.people, self.loads.people)
        self.web.add_routes([*self.page.routes(), *self.loads.routes()])
        for _ in range(options.bots):
            self.world.create_bot()
        self.port = options.port

    @property
    def url(self) -> str:
        """Where it is reached: what goes in place of https://api.telegram.org."""
        return f"http://{self.options.host}:{self.port}"

    async def run(self, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
        """Serves until `stop` is set; PortTaken when the address cannot be had."""
        runner = web.AppRunner(self.web, access_log=None, keepalive_timeout=600, shutdown_timeout=1)
        await runner.setup()
        assert runner.server is not None, "it was set up"
        doors = Doors(self.bot_api, runner.server)
        listening: asyncio.Server | None = None
        try:
            try:
                loop = asyncio.get_running_loop()
                listening = await loop.create_server(
                    doors, self.options.host, self.options.port, backlog=1024
                )
            except OSError as error:
                where = f"{self.options.host}:{self.options.port}"
                raise PortTaken(
                    f"the simulator cannot listen on {where} ({error.strerror}): "
                    "end what uses that port, or choose another one"
                ) from error
            self.port = int(listening.sockets[0].getsockname()[1])
            _log.info("simulator listens on %s", self.url)
            if ready is not None:
                ready.set()
            async with asyncio.TaskGroup() as group:
                # What lives beside the server (webhooks, people) starts here, each as a named task.
                parts = [
                    group.create_task(self.couriers.run(), name="simulator-webhooks"),
                    group.create_task(self.loads.run(), name="simulator-loads"),
                ]
                if self.options.page:
                    parts.append(group.create_task(self.page.run(), name="simulator-page"))
                if self.options.people:
                    parts.append(group.create_task(self.crowd.run(), name="simulator-people"))
                await stop.wait()
                for part in parts:
                    part.cancel()
        finally:
            self.events.close()
            if listening is not None:
                listening.close()
            self.bot_api.restart()
            await runner.cleanup()
            await doors.close()
            self.world.close()


async def serve(options: Options, stop: asyncio.Event) -> None:
    """Runs a simulator until `stop` is set."""
    await Simulator(options).run(stop)


@contextlib.asynccontextmanager
async def running(options: Options | None = None, clock: Clock | None = None) -> AsyncIterator[Simulator]:
    """A simulator inside this process, for tests: on any free port unless told otherwise."""
    simulator = Simulator(options or Options(port=0), clock)
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(simulator.run(stop, ready), name="simulator")
    waiting = asyncio.create_task(ready.wait(), name="simulator-ready")
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if serving.done():
            serving.result()
        yield simulator
    finally:
        stop.set()
        await serving
