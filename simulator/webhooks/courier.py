"""The courier of one bot, and all couriers together."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import aiohttp
import msgspec

from simulator.clock import Clock, sleep
from simulator.errors import ApiError
from simulator.faults.rules import Faults
from simulator.webhooks.patience import delay, read_retry_after
from simulator.world.actors import Bot, Webhook
from simulator.world.updates import Update
from simulator.world.world import World

_LOOK_AHEAD = 1000
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)
_ANSWER_LIMIT = 1024 * 1024
#: Plays a method that came as the answer to an update.
Player = Callable[[Bot, str, dict[str, Any]], Awaitable[None]]


class _Failure(Exception):
    """An update was not taken; `retry_after` where the bot said so."""

    def __init__(self, words: str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Courier:
    """Brings one bot's updates to one webhook until it is cancelled."""

    def __init__(self, bot: Bot, webhook: Webhook, clock: Clock, faults: Faults, play: Player) -> None:
        self._bot = bot
        self._webhook = webhook
        self._clock = clock
        self._faults = faults
        self._play = play
        self._busy: set[tuple[int, str]] = set()
        self._something = asyncio.Event()
        self._dice = random.Random(bot.id)

    async def run(self) -> None:
        """Starts a delivery for each line that has something and is not being served."""
        forget = self._bot.queue.listen(self._something.set)
        connector = aiohttp.TCPConnector(limit=self._webhook.max_connections)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
                asyncio.TaskGroup() as deliveries,
            ):
                while True:
                    self._something.clear()
                    for update in self._next():
                        self._busy.add(update.line)
                        deliveries.create_task(self._bring(session, update), name=f"webhook-{update.id}")
                    await self._something.wait()
        finally:
            forget()

    def _next(self) -> list[Update]:
        """The oldest update of each line that is not busy, as many as there are connections free."""
        chosen: dict[tuple[int, str], Update] = {}
        free = self._webhook.max_connections - len(self._busy)
        for update in self._bot.queue.peek(_LOOK_AHEAD, 1 << 62):
            if len(chosen) >= free:
                break
            if update.line not in self._busy and update.line not in chosen:
                chosen[update.line] = update
        return list(chosen.values())

    async def _bring(self, session: aiohttp.ClientSession, update: Update) -> None:
        failures = 0
        try:
            while self._bot.queue.holds(update):
                try:
                    await self._post(session, update)
                except _Failure as failure:
                    failures += 1
                    self._bot.webhook_error = (self._clock.wall(), str(failure))
                    await sleep(self._clock, delay(failures, failure.retry_after, self._dice.random()))
                else:
                    self._bot.queue.remove(update)
                    if self._faults and self._faults.strike(self._bot.id, "webhook", (update.chat,)):
                        await self._repeat(session, update)
        finally:
            self._busy.discard(update.line)
            self._something.set()

    async def _repeat(self, session: aiohttp.ClientSession, update: Update) -> None:
        """The same update once more, by a fault's rule; nobody minds when that fails."""
        try:
            await self._post(session, update)
        except _Failure:
            return

    async def _post(self, session: aiohttp.ClientSession, update: Update) -> None:
        headers = {"Content-Type": "application/json"}
        if self._webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._webhook.secret
        try:
            async with session.post(
                self._webhook.url, data=update.body, headers=headers, allow_redirects=False
            ) as response:
                if not 200 <= response.status < 300:
                    words = f"Wrong response from the webhook: {response.status} {_phrase(response.status)}"
                    raise _Failure(words, read_retry_after(response.headers.get("Retry-After")))
                answer = await response.content.read(_ANSWER_LIMIT)
                kind = response.content_type
        except TimeoutError:
            raise _Failure("Read timeout expired") from None
        except aiohttp.ClientConnectorError:
            raise _Failure("Connection refused") from None
        except aiohttp.ClientError:
            raise _Failure("Connection closed") from None
        if answer and kind == "application/json":
            await self._obey(answer)

    async def _obey(self, answer: bytes) -> None:
        """A method in the answer is called; what comes of it nobody hears, as at Telegram."""
        try:
            wanted = msgspec.json.decode(answer, type=dict[str, Any])
            method = wanted.pop("method", None)
            if isinstance(method, str):
                await self._play(self._bot, method, wanted)
        except (msgspec.DecodeError, ApiError):
            return


class Couriers:
    """A courier for each bot that has a webhook."""

    def __init__(self, world: World, clock: Clock, faults: Faults, play: Player) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._play = play
        self._changed: asyncio.Queue[Bot] = asyncio.Queue()
        world.hooks.on_webhook.append(self._changed.put_nowait)

    async def run(self) -> None:
        """Follows what bots set and remove, until it is cancelled."""
        working: dict[int, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                bot = await self._changed.get()
                former = working.pop(bot.id, None)
                if former is not None:
                    former.cancel()
                    await asyncio.wait([former])
                if bot.webhook is not None:
                    courier = Courier(bot, bot.webhook, self._clock, self._faults, self._play)
                    working[bot.id] = group.create_task(courier.run(), name=f"webhook-of-{bot.id}")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
