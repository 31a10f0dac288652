"""What the tests of the simulator play on."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from simulator.app import Simulator
from simulator.clock import ManualClock
from simulator.world.actors import Bot
from simulator.world.messages import Message

Json = dict[str, Any]


class Refusal(Exception):
    """A call that was refused; `code` and `words` as the server gave them."""

    def __init__(self, status: int, answer: Json, headers: Any) -> None:
        super().__init__(f"{status} {answer['description']}")
        self.code = answer["error_code"]
        self.words = answer["description"]
        self.parameters = answer.get("parameters", {})
        self.headers = headers
        assert status == self.code


class Stage:
    """`bot` and `other` are bots, `ada` and `bob` people who have started both."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession, clock: ManualClock) -> None:
        self.simulator = simulator
        self.world = simulator.world
        self.session = session
        self.clock = clock
        self.bot, self.other = self.world.bots.values()
        self.ada, self.bob = self.world.people.create("Ada"), self.world.people.create("Bob")
        for person in (self.ada, self.bob):
            for bot in (self.bot, self.other):
                self.world.people.open(person, bot)
        for bot in (self.bot, self.other):
            bot.queue.clear()

    async def post(self, method: str, params: Any, *, bot: Bot | None = None) -> tuple[int, Any, Any]:
        """Status, decoded answer and headers."""
        url = f"{self.simulator.url}/bot{(bot or self.bot).token}/{method}"
        data: Any = params
        headers = {}
        if not isinstance(params, aiohttp.FormData):
            data = msgspec.json.encode(params)
            headers["Content-Type"] = "application/json"
        async with self.session.post(url, data=data, headers=headers) as response:
            return response.status, msgspec.json.decode(await response.read()), response.headers

    async def call(self, method: str, params: Any = None, *, bot: Bot | None = None, **more: Any) -> Any:
        """The result of a call; Refusal when there is none."""
        if not isinstance(params, aiohttp.FormData):
            params = {**(params or {}), **more}
        status, answer, headers = await self.post(method, params, bot=bot)
        if not answer["ok"]:
            raise Refusal(status, answer, headers)
        return answer["result"]

    async def send(self, text: str = "hello", **more: Any) -> Json:
        """A text to Ada from the first bot."""
        sent: Json = await self.call("sendMessage", chat_id=self.ada.id, text=text, **more)
        return sent

    async def refusal(self, method: str, *, bot: Bot | None = None, **params: Any) -> Refusal:
        """The refusal of a call that must be refused."""
        try:
            result = await self.call(method, bot=bot, **params)
        except Refusal as refusal:
            return refusal
        raise AssertionError(f"{method} went through: {result}")

    async def updates(self, *, bot: Bot | None = None, **params: Any) -> list[Json]:
        found: list[Json] = await self.call("getUpdates", bot=bot, **params)
        return found

    def says(self, text: str, **more: Any) -> Message:
        """Ada writes to the first bot."""
        return self.world.deeds.say(self.ada, self.bot, text, **more)

    def seen(self) -> list[Message]:
        """What the first bot has shown Ada."""
        return [one for one in self.world.people.view(self.ada, self.bot) if one.author is self.bot]


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something to become true; the test's own timeout ends it otherwise."""
    while not condition():
        await asyncio.sleep(0.001)
