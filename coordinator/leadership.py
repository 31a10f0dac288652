"""One leads, the others stand by: taking the lease, leading, and going back when it is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from enum import StrEnum
from typing import Any

import structlog

from core.domain.errors import LeaseTaken, RedisAway, StaleEpoch, StoreAway
from core.domain.ids import Epoch
from core.service.clock import Clock
from core.service.outages import Outages
from core.state.redis.leases import Lease

LOOK_SECONDS = 0.5
"""How often a standby looks whether the lease is free."""

RELEASE_SECONDS = 1.0
"""How long giving the lease back may take when the process ends."""

log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What this coordinator does just now."""

    STARTING = "starting"
    STANDING_BY = "standing by"
    LEADING = "leading"


class Leadership:
    """Runs `lead` whenever this process holds the lease; loses it without dying.

    `lead` gets the lease and runs the leader's parts until it is cancelled or one of them
    raises StaleEpoch. Whatever else it raises ends the process.
    """

    def __init__(
        self,
        lease: Lease,
        next_epoch: Callable[[Epoch], Awaitable[Epoch]],
        lead: Callable[[Lease], Coroutine[Any, Any, None]],
        clock: Clock,
        outages: Outages,
    ) -> None:
        self._lease = lease
        self._next_epoch = next_epoch
        self._lead = lead
        self._clock = clock
        self._outages = outages
        self._leader = ""
        self.role = Role.STARTING

    async def run(self) -> None:
        """Stand by and lead, for ever; gives the lease back when cancelled."""
        try:
            while True:
                await self._stand_by()
                await self._lead_until_lost()
        finally:
            await self._give_back()

    def ready(self) -> tuple[bool, str]:
        """Whether this process does its part, in words."""
        if self.role is Role.LEADING:
            if self._lease.valid():
                return True, f"leads with epoch {self._lease.epoch}"
            return False, "leads no more until Redis answers again"
        if self.role is Role.STANDING_BY:
            if self._outages.is_away(RedisAway):
                return False, "stands by, but Redis does not answer"
            return True, f"stands by; {self._leader} leads"
        return False, "has not reached Redis and PostgreSQL yet"

    async def _stand_by(self) -> None:
        """Returns when the lease is taken."""
        while True:
            rest = LOOK_SECONDS
            try:
                await self._lease.take(self._next_epoch)
            except LeaseTaken as taken:
                self._outages.back(RedisAway)
                self._follow(taken.holder)
                rest = min(LOOK_SECONDS, max(0.0, taken.wait_ms / 1000) + 0.01)
            except StaleEpoch:
                log.info("another coordinator was quicker")
            except StoreAway as error:
                self._outages.away(error)
            else:
                return
            await self._clock.sleep(rest)

    def _follow(self, leader: str) -> None:
        if self.role is not Role.STANDING_BY or self._leader != leader:
            log.info("standing by", leader=leader)
        self.role = Role.STANDING_BY
        self._leader = leader

    async def _lead_until_lost(self) -> None:
        log.info("leading", epoch=self._lease.epoch)
        self._outages.back(*self._outages.known())
        self.role = Role.LEADING
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(self._lease.run(), name="lease")
                parts.create_task(self._lead(self._lease), name="lead")
        except* StaleEpoch as lost:
            # Also where Redis forgot: this process, or the standby, leads again at once with a newer epoch.
            log.warning("leads no more", why=str(_first(lost)))
        self.role = Role.STARTING

    async def _give_back(self) -> None:
        if self.role is not Role.LEADING:
            return
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._lease.release()
        except (StoreAway, TimeoutError) as error:
            log.info("the lease could not be given back and runs out", why=str(error))


def _first(group: BaseExceptionGroup[StaleEpoch]) -> BaseException:
    """The first plain error in a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
