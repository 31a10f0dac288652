"""Words to the admins, from the bot that has something to tell them, in its stream like everything else."""

from core.domain import envelope as envelopes
from core.domain.envelope import Envelope, Lane, Notice
from core.domain.ids import BotId, PersonId
from core.service.clock import Clock
from core.state.redis.leases import Lease
from core.state.redis.streams import Append, Source, Streams


class Alarm:
    """Tells the admins of one bot."""

    def __init__(
        self, bot: BotId, lease: Lease, streams: Streams, admins: frozenset[int], clock: Clock
    ) -> None:
        self._bot = bot
        self._lease = lease
        self._streams = streams
        self._admins = admins
        self._clock = clock

    async def tell(self, key: str, once: str, **params: str) -> None:
        """Say it to every admin, once for each `once` and lease. Raises RedisAway, StaleEpoch."""
        now = round(self._clock.wall() * 1000)
        appends = [
            Append(
                self._bot,
                f"{once}:{self._lease.epoch}:{admin}",
                envelopes.encode(
                    Envelope(envelopes.VERSION, PersonId(admin), Lane.INTERACTIVE, now, Notice(key, params))
                ),
            )
            for admin in self._admins
        ]
        await self._streams.append(Source(str(self._bot), self._lease.epoch), appends, now)
