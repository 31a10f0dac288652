"""The poller: long polls of our own, confirmed only when the batch before is safe.

A getUpdates that fetches also confirms, so the next poll waits until the batch is worked through;
under pressure it waits a little longer (shard.inbound.gathering). An update that cannot even be cut
out of its batch is found by polling for one at a time, and passed over. While the lease is not valid
nothing is polled: a poll under way is dropped, which loses nothing because nothing was confirmed.
"""

import asyncio
import re

import msgspec
import structlog

from core.domain.ids import UpdateId
from core.service import metrics
from core.service.clock import Clock
from core.service.failpoints import passing
from core.service.seldom import Seldom
from core.state.redis.leases import Lease
from shard.inbound.contest import Contest
from shard.inbound.gathering import Gathering
from shard.inbound.intake import Intake
from shard.inbound.updates import ALLOWED_UPDATES, batches, numbers
from shard.inbound.vigil import Vigil
from shard.telegram import (
    Conflict,
    Refused,
    Telegram,
    TelegramAway,
    TelegramError,
    TokenRefused,
    TooDeep,
    TooManyRequests,
)

POLL_SECONDS = 25
BATCH = 100
PAUSE_SHORTEST = 0.2
PAUSE_LONGEST = 5.0
_NUMBER = re.compile(rb'(?<!\\)"update_id"\s*:\s*(\d{1,18})')

log = structlog.get_logger(__name__)


class Poller:
    """`run` polls until `stop`; what it fetched before is then finished and confirmed."""

    def __init__(
        self,
        telegram: Telegram,
        lease: Lease,
        intake: Intake,
        vigil: Vigil,
        contest: Contest,
        clock: Clock,
        gathering: Gathering,
    ) -> None:
        self._telegram = telegram
        self._gathering = gathering
        self._lease = lease
        self._intake = intake
        self._vigil = vigil
        self._contest = contest
        self._clock = clock
        self._failing = Seldom(clock)
        self._stopping = asyncio.Event()
        self._next: UpdateId | None = None
        self._batch = BATCH
        # One task for all polls and what they bring: another is one more turn of the loop a message.
        self._polling: asyncio.Task[None] | None = None
        self._under_way = self._given_up = self._taking_in = self._ended = False

    def stop(self) -> None:
        """Take no further batch."""
        self._stopping.set()
        self._give_up()

    async def run(self) -> None:
        """Poll, take in, confirm. Raises TokenRefused, StaleEpoch.

        Cancelled, it ends when what was fetched is taken in: from a token that was revoked it does not come
        again.
        """
        guard = asyncio.create_task(self._guard(), name="poll guard")
        self._polling = asyncio.create_task(self._run(), name="polling")
        try:
            await asyncio.shield(self._polling)
        finally:
            guard.cancel()
            if self._taking_in:
                self._ended = True
                self._stopping.set()
                await asyncio.wait({self._polling}, timeout=max(0.0, self._lease.left()))
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    def _say(self, error: TelegramAway, pause: float) -> None:
        if times := self._failing.times():
            log.warning("polling failed, trying again", why=str(error), pause=pause, times=times)

    async def _run(self) -> None:
        pause = PAUSE_SHORTEST
        while not self._stopping.is_set():
            try:
                raw = await self._poll()
            except TelegramAway as error:
                self._say(error, pause)
                await self._wait(pause)
                pause = min(PAUSE_LONGEST, pause * 2)
                continue
            except TooManyRequests as error:
                await self._wait(error.retry_after)
                continue
            except Conflict as error:
                metrics.POLL_CONFLICTS.inc()
                self._contest.met()
                log.warning("another process polls this token", why=error.plain)
                if "webhook" in error.description:
                    await self._drop_webhook()
                await self._wait(1.0)
                continue
            except TooDeep as error:
                await self._pass_over(error)
                continue
            except TokenRefused:
                raise
            except Refused as error:
                log.error("Telegram refuses to be polled, trying again", why=str(error))
                await self._wait(PAUSE_LONGEST)
                continue
            pause = PAUSE_SHORTEST
            if self._lease.valid():
                self._vigil.heard()
            self._batch = min(BATCH, self._batch * 2)
            if raw:
                passing("after_poll")
                came, passed_over = self._clock.monotonic(), self._intake.passed_over
                self._taking_in = True
                await self._intake.take_in(raw)
                self._taking_in = False
                # One who writes without end delays nobody else: what is passed over needs no slot.
                count = len(raw) - (self._intake.passed_over - passed_over)
                gather_until = came + self._gathering.pause(count, came)
                passing("before_confirm")
                self._next = UpdateId(numbers.decode(raw[-1]).update_id + 1)
                if (left := gather_until - self._clock.monotonic()) > 0:
                    await self._wait(left)
        await self._confirm()

    async def _poll(self) -> list[msgspec.Raw]:
        """One long poll, given up when the lease ends or `stop` is called."""
        while not self._lease.valid():
            if self._stopping.is_set():
                return []
            await asyncio.sleep(0.05)
        params: dict[str, object] = {
            "limit": self._batch,
            "timeout": POLL_SECONDS,
            "allowed_updates": ALLOWED_UPDATES,
        }
        if self._next is not None:
            params["offset"] = self._next
        self._under_way = True
        try:
            brought = await self._telegram.call("getUpdates", params, timeout=POLL_SECONDS + 10)
        except asyncio.CancelledError:
            polling = asyncio.current_task()
            if not self._given_up or polling is None or polling.uncancel():
                raise
            return []
        finally:
            self._under_way = self._given_up = False
        # What came without a lease was not confirmed, and comes again.
        return batches.decode(brought) if self._lease.valid() else []

    def _give_up(self) -> None:
        if self._polling is not None and self._under_way and not self._given_up:
            self._given_up = True
            self._polling.cancel()

    async def _guard(self) -> None:
        """Gives up the poll under way when the lease ends."""
        while True:
            if not self._lease.valid():
                self._give_up()
            await asyncio.sleep(max(self._lease.left(), 0.05))

    async def _pass_over(self, error: TooDeep) -> None:
        """Poll for one at a time; what cannot be read even so is counted and confirmed."""
        number = _NUMBER.search(error.body) if self._batch == 1 else None
        self._batch = 1
        if number is not None:
            await self._intake.put_aside(error.body, str(error))
            self._next = UpdateId(int(number[1]) + 1)

    async def _drop_webhook(self) -> None:
        """We poll; whatever webhook somebody set before stands in the way. Pending updates stay."""
        try:
            await self._telegram.call("deleteWebhook", {"drop_pending_updates": False}, timeout=5)
        except TelegramError as error:
            log.warning("the webhook could not be taken away", why=str(error))

    async def _confirm(self) -> None:
        """Tell Telegram at the end what was taken in, so that the next process need not take it again."""
        if self._ended or self._next is None or not self._lease.valid():
            return
        try:
            await self._telegram.call(
                "getUpdates", {"offset": self._next, "limit": 1, "timeout": 0}, timeout=3
            )
        except (TelegramAway, TooManyRequests, Conflict) as error:
            log.info("the last batch was not confirmed; it will come again and be known", why=str(error))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
