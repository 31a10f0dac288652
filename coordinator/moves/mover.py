"""Sees which bots are gone and have people left, and has these moved, one bot after the other."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import structlog

from coordinator.moves.execution import Execution, Means
from core.domain.errors import BotMoving, LeaseTaken, StaleEpoch, StoreAway
from core.domain.ids import BotId, Epoch
from core.service.outages import Outages
from core.state.redis.estates import Estate
from core.state.redis.leases import Lease

EVERY_SECONDS = 0.5
LEADER = "coordinator"

log = structlog.get_logger(__name__)


class Mover:
    """One leadership's moves. `waiting` tells how many people wait at each bot, `epoch` is the leader's."""

    def __init__(
        self,
        means: Means,
        waiting: Callable[[], Mapping[BotId, int]],
        bot_epoch: Callable[[BotId, Epoch], Awaitable[Epoch]],
        epoch: Epoch,
        holder: str,
        outages: Outages,
    ) -> None:
        self._means = means
        self._waiting = waiting
        self._bot_epoch = bot_epoch
        self._epoch = epoch
        self._holder = holder
        self._outages = outages

    async def run(self) -> None:
        """Move for ever; raises StaleEpoch when another leads."""
        # A step may need no store at all: that it went well tells nothing of them.
        await self._outages.live_through(self.step)

    async def step(self) -> float:
        """Move everybody of each bot that is gone; how many seconds to rest.

        Also of one that retired: its shard may have taken somebody in before it heard of it.
        """
        for row in self._means.rows() or ():
            if not row.state.serves and await self._has_people(row.id):
                try:
                    await self._execute(row.id)
                except BotMoving as other:
                    log.info("a move waits for another", bot=row.id, other=other.bot)
        return EVERY_SECONDS

    async def _has_people(self, bot: BotId) -> bool:
        """Whether anybody talks or waits there, anything is undelivered, or a move came to no end."""
        means = self._means
        talking = (await means.fleet.chatting()).get(bot, 0)
        left = (await means.fleet.backlogs([bot], means.now_ms()))[bot].entries
        if talking > 0 or left > 0 or self._waiting().get(bot, 0) > 0:
            return True
        return await Estate(means.client, means.keys, bot).half_shut()

    async def _execute(self, bot: BotId) -> None:
        """All of one bot, holding its lease: so nobody reads or empties its stream meanwhile."""
        means = self._means
        lease = Lease.of_shard(means.client, means.clock, means.keys, bot, self._holder)
        try:
            await lease.take(partial(self._bot_epoch, bot))
        except LeaseTaken:
            return
        try:
            await Execution(means, self._epoch, bot, lease).run()
        except StaleEpoch as stale:
            if stale.name == LEADER:
                raise
            log.warning("a move was interrupted, somebody else holds the bot", bot=bot)
        finally:
            try:
                await lease.release()
            except StoreAway as error:
                log.info("the lease of a bot that is gone runs out", bot=bot, why=str(error))
