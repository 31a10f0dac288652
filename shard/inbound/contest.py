"""What is done when somebody else uses our token (shard.inbound.rivalry says when).

The poller tells of each 409, the webhook of each time that it was taken away. `run` looks, tells the admins
once, has `duologue bots list` say it, and in the end raises `TokenContested`, on which the shard quarantines
its bot. What a store that is away does not take is tried again at the next look. When it dies, the next
process counts anew.
"""

import structlog

from core.domain.errors import DuologueError, StoreAway
from core.domain.ids import BotId
from core.service import metrics
from core.service.clock import Clock
from core.state.postgres.bots import Bots
from shard.inbound import rivalry
from shard.inbound.alarm import Alarm
from shard.inbound.rivalry import Rivalry, Stage

LOOK_SECONDS = 1.0
CONTESTED = "somebody else uses its token"

log = structlog.get_logger(__name__)


class TokenContested(DuologueError):
    """Another process has used this token all the time, for too long."""


class Contest:
    """One bot's."""

    def __init__(self, bot: BotId, bots: Bots, alarm: Alarm, clock: Clock) -> None:
        self._bot = bot
        self._bots = bots
        self._alarm = alarm
        self._clock = clock
        self._rivalry = Rivalry()
        self._noted: bool | None = None
        """What the table says, as far as this process knows."""

    def met(self) -> None:
        """A poll was answered with 409, or the webhook is set to another address."""
        self._rivalry.met(self._clock.monotonic())

    async def run(self) -> None:
        """Look until cancelled. Raises TokenContested, StaleEpoch."""
        while True:
            stage = self._rivalry.stage(self._clock.monotonic())
            steady = stage in (Stage.STEADY, Stage.LOST)
            metrics.POLL_CONTESTED.set(steady)
            if stage is Stage.LOST:
                raise TokenContested(
                    f"somebody else has been using the token of bot {self._bot} for "
                    f"{rivalry.QUARANTINE_SECONDS / 60:.0f} minutes: stop that process and add the bot anew, "
                    "or, if the token is stolen, make a new one with @BotFather and `duologue bots rotate` it"
                )
            if steady is not self._noted:
                try:
                    await self._note(steady=steady)
                    self._noted = steady
                except StoreAway as error:
                    log.info("a contested token was not written down yet", why=str(error))
            await self._clock.sleep(LOOK_SECONDS)

    async def _note(self, *, steady: bool) -> None:
        if steady:
            log.error("somebody else uses this token: what people write is lost to them", bot=self._bot)
            left = round((rivalry.QUARANTINE_SECONDS - rivalry.TELL_SECONDS) / 60)
            await self._alarm.tell("contested", "contested", minutes=str(left))
            await self._bots.remark(self._bot, CONTESTED, instead_of="")
        else:
            await self._bots.remark(self._bot, "", instead_of=CONTESTED)
