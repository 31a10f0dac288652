"""The webhook: updates that Telegram brings, answered with 200 only when they are safe.

What the poller is for polling. Deliveries that come together become one batch, and so one append;
batches are worked through one after the other, as polled ones are. While the lease is not valid,
or when Redis is away for longer than Telegram should wait, the answer is 503: Telegram brings it
again, and what was done by then is known.

Telegram keeps the messages of a chat in order; a press of a button or a reaction may come before a
message that was sent earlier. So a batch is put into the order of its numbers, and a message that
comes after the end of its conversation goes back to its writer in words (shard.inbound.intake).

Who has the token can have updates brought elsewhere, without a word to us. So it is looked at now and
then; a webhook that is not ours is set again, and told to the contest as a 409 is while polling.

When it dies, what was not answered comes again, to the process that has put its socket in place of ours.
"""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from socket import AF_UNIX, socket
from typing import NamedTuple

import msgspec
import structlog

from core.domain.errors import UNDECODABLE
from core.domain.ids import BotId
from core.service import metrics
from core.service.clock import Clock
from core.service.failpoints import passing
from core.state.redis.leases import Lease
from shard.inbound.door import Door
from shard.inbound.gathering import Gathering
from shard.inbound.updates import ALLOWED_UPDATES, numbers
from shard.telegram import Telegram, TelegramAway, TelegramError, TokenRefused, TooManyRequests

BATCH = 100
CONNECTIONS = 40
"""Deliveries that Telegram may have under way at a time."""

GATHER_SECONDS = 0.003
"""While updates come in company, so long is waited for more of them."""

ANSWER_SECONDS = 5.0
"""Who could not be served by then is told to come again."""

LOOK_SECONDS = 60.0
PAUSE_SHORTEST = 0.5
PAUSE_LONGEST = 30.0
REMEMBERED = 4_096
"""Numbers of updates known to be done, without asking Redis."""

log = structlog.get_logger(__name__)

TakeIn = Callable[[Sequence[msgspec.Raw]], Awaitable[None]]
"""Returns when all that follows from these updates is safe."""


class Place(NamedTuple):
    """Where updates are to be brought: the public URL, the word that proves the bringer, our own socket."""

    url: str
    secret: str
    listen: Callable[[], AbstractContextManager[socket]]


def path_of(bot: BotId) -> str:
    """What a bot's webhook URL ends with."""
    return f"/hook/{bot}"


def secret_of(secret_key: str, token: str) -> str:
    """What Telegram shows with every update of this token; every process of the network comes to the same."""
    key = hashlib.sha256(b"duologue webhooks\0" + secret_key.encode()).digest()
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()


class _Info(msgspec.Struct):
    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = 0
    last_error_message: str = ""


_infos = msgspec.json.Decoder(_Info)


@dataclass(slots=True)
class _Delivery:
    body: bytes
    answer: "asyncio.Future[int]"
    timer: asyncio.TimerHandle


class Webhook:
    """`run` takes updates in until `stop`; the batch under way is then finished and answered."""

    def __init__(
        self,
        bot: BotId,
        telegram: Telegram,
        lease: Lease,
        take_in: TakeIn,
        heard: Callable[[], None],
        taken: Callable[[], None],
        clock: Clock,
        gathering: Gathering,
        place: Place,
        wanted: Callable[[], Awaitable[bool]],
    ) -> None:
        """`heard` is told when Telegram spoke, `taken` when somebody else had taken the webhook.

        `wanted` tells at the end whether the bot is to be served any longer, by whomever.
        """
        self._telegram = telegram
        self._lease = lease
        self._take_in = take_in
        self._heard = heard
        self._taken = taken
        self._clock = clock
        self._gathering = gathering
        self._place = place
        self._wanted = wanted
        self._door = Door(path_of(bot), place.secret, self._receive)
        self._waiting: list[_Delivery] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._done: OrderedDict[int, None] = OrderedDict()
        self._error_date = 0

    def stop(self) -> None:
        """Take no further batch."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Listen, have Telegram bring updates here, take them in. Raises TokenRefused, StaleEpoch."""
        loop = asyncio.get_running_loop()
        with self._place.listen() as listener:
            create = loop.create_unix_server if listener.family == AF_UNIX else loop.create_server
            server = await create(self._door.visit, sock=listener)
            try:
                async with asyncio.TaskGroup() as parts:
                    keeping = parts.create_task(self._keep_set(), name="webhook")
                    await self._work()
                    keeping.cancel()
            finally:
                server.close()
                self._door.close()
        if not await self._wanted():
            await self._take_away()

    def _receive(self, body: bytes) -> "asyncio.Future[int]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        if self._stopping or not self._lease.valid():
            _later(answer)
            return answer
        timer = loop.call_later(ANSWER_SECONDS, _later, answer)
        self._waiting.append(_Delivery(body, answer, timer))
        self._wake.set()
        return answer

    async def _work(self) -> None:
        """Batch after batch until `stop`; whoever still waits then is told to come again."""
        gather = 0.0
        while not self._stopping:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            if gather > 0:
                await asyncio.sleep(gather)
            batch = self._gather()
            begun = self._clock.monotonic()
            pause = self._gathering.pause(len(batch), begun)
            if batch:
                await self._work_through(batch)
            gather = pause - (self._clock.monotonic() - begun)
            if len(batch) > 1:
                gather = max(gather, GATHER_SECONDS)
        for delivery in self._waiting:
            _later(delivery.answer)

    def _gather(self) -> list[tuple[int, list[_Delivery]]]:
        """The next batch in the order of its numbers; whoever gave up waiting is left out."""
        some, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        batch: dict[int, list[_Delivery]] = {}
        for at, delivery in enumerate(some):
            if delivery.answer.done():
                delivery.timer.cancel()
                continue
            number = _number(delivery.body)
            if number in self._done:
                metrics.WEBHOOK_REPEATS.inc()
                _answer(delivery)
            else:
                # What has no number is nobody's repeat; intake counts it and passes it over.
                batch.setdefault(-1 - at if number is None else number, []).append(delivery)
        return sorted(batch.items())

    async def _work_through(self, batch: list[tuple[int, list[_Delivery]]]) -> None:
        passing("after_poll")
        await self._take_in([msgspec.Raw(same[0].body) for _, same in batch])
        passing("before_confirm")
        self._heard()
        for number, same in batch:
            if number >= 0:
                self._done[number] = None
            for delivery in same:
                _answer(delivery)
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    async def _keep_set(self) -> None:
        """Set the webhook; look now and then whether it still is. Raises TokenRefused."""
        pause, known = PAUSE_SHORTEST, False
        while True:
            try:
                if not known:
                    await self._set()
                    known = True
                known = await self._is_ours()
                rest, pause = (LOOK_SECONDS if known else 0.0), PAUSE_SHORTEST
            except TooManyRequests as error:
                rest = error.retry_after
            except TokenRefused:
                raise
            except TelegramError as error:
                log.warning("the webhook could not be set or looked at", why=str(error), pause=pause)
                rest, pause = pause, min(PAUSE_LONGEST, pause * 2)
            await self._clock.sleep(rest)

    async def _set(self) -> None:
        params = {
            "url": self._place.url,
            "secret_token": self._place.secret,
            "max_connections": CONNECTIONS,
            "allowed_updates": ALLOWED_UPDATES,
            "drop_pending_updates": False,
        }
        await self._telegram.call("setWebhook", params, timeout=10)
        log.info("Telegram brings updates", to=self._place.url)

    async def _is_ours(self) -> bool:
        """Whether Telegram still brings updates here, and what it says of it."""
        told = await self._telegram.call("getWebhookInfo", {}, timeout=10)
        try:
            info = _infos.decode(told)
        except UNDECODABLE:
            raise TelegramAway("what it says of the webhook cannot be read", reached=True) from None
        metrics.WEBHOOK_PENDING.set(info.pending_update_count)
        if not info.pending_update_count:
            # Else the way from Telegram to here may be broken; what is brought is heard of by itself.
            self._heard()
        if info.last_error_date > self._error_date:
            self._error_date = info.last_error_date
            log.warning("Telegram could not bring an update", why=info.last_error_message)
        if info.url == self._place.url:
            return True
        metrics.POLL_CONFLICTS.inc()
        self._taken()
        log.warning("another program has taken the webhook away; it is set again")
        return False

    async def _take_away(self) -> None:
        """The bot leaves the network: nobody will be here to answer."""
        try:
            await self._telegram.call("deleteWebhook", {"drop_pending_updates": False}, timeout=5)
        except TelegramError as error:
            log.warning("the webhook could not be taken away", why=str(error))


def _number(body: bytes) -> int | None:
    try:
        return numbers.decode(body).update_id
    except UNDECODABLE:
        return None


def _answer(delivery: _Delivery) -> None:
    delivery.timer.cancel()
    if not delivery.answer.done():
        delivery.answer.set_result(200)


def _later(answer: "asyncio.Future[int]") -> None:
    if not answer.done():
        metrics.WEBHOOK_LATER.inc()
        answer.set_result(503)
