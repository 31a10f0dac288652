"""Takes in updates once more that were put aside, when an operator has asked for it.

They go the way of every update, so what was appended before is known; what a person asked for after
such an update makes it void: it is never shown to a partner whom its writer did not have then.
"""

import asyncio

import msgspec
import structlog

from core.domain.errors import RedisAway
from core.state.redis.leases import Lease
from core.state.redis.poison import PoisonBox
from shard.inbound.intake import Intake

EVERY_SECONDS = 2.0
AT_ONCE = 20

log = structlog.get_logger(__name__)


class Replayer:
    """`run` looks now and then whether there is anything."""

    def __init__(self, poison: PoisonBox, lease: Lease, intake: Intake) -> None:
        self._poison = poison
        self._lease = lease
        self._intake = intake

    async def run(self) -> None:
        """Until cancelled. Raises StaleEpoch."""
        while True:
            await self._lease.until_valid()
            try:
                asked = await self._poison.replayed(AT_ONCE)
                if asked:
                    await self._intake.take_in([msgspec.Raw(content) for _, content in asked])
                    await self._poison.taken_in([entry for entry, _ in asked])
                    log.info("updates that were put aside were taken in again", count=len(asked))
            except RedisAway as error:
                log.debug("nothing is replayed", why=str(error))
            await asyncio.sleep(EVERY_SECONDS)
