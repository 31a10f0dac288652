"""What the leader tells the admin of a broadcast: how it will look and for how many, and how it went.

Appended as by one source and known by the broadcast's number: a leader who says it again says it once.
"""

from collections.abc import Sequence

from core.domain import envelope as envelopes
from core.domain.broadcast import Broadcast
from core.domain.envelope import Cast, Envelope, Lane, Notice
from core.domain.ids import BroadcastId, Epoch
from core.service.clock import Clock
from core.state.postgres.broadcasts import Broadcasts
from core.state.redis.streams import Append, Source, Streams

_NONE = BroadcastId(0)


class Announcer:
    """Fenced by the leader's epoch."""

    def __init__(
        self, broadcasts: Broadcasts, streams: Streams, most_stars: int, epoch: Epoch, clock: Clock
    ) -> None:
        """`most_stars` that a broadcast may cost: what an admin is offered."""
        self._broadcasts = broadcasts
        self._stars = str(most_stars) if most_stars else ""
        self._streams = streams
        self._source = Source("broadcast", epoch)
        self._clock = clock

    async def show_drafts(self) -> None:
        """Show every draft to its admin, with the question whether it is to be sent. Raises StaleEpoch."""
        for draft in await self._broadcasts.drafts():
            count = await self._broadcasts.reachable()
            question = Notice(
                "broadcast_ask", {"id": str(draft.id), "count": f"{count:,}", "stars": self._stars}
            )
            # Counted by nobody: this one is no part of the broadcast.
            sample = Cast(_NONE, draft.bot, draft.content)
            await self._tell(draft, "shown", (sample, question))
            await self._broadcasts.seen(draft.id, count)

    async def tell_end(self, broadcast: Broadcast) -> None:
        """It is over: what became of it. Raises StaleEpoch."""
        if broadcast.bot:
            await self._tell(broadcast, "over", (Notice("broadcast_over", broadcast.figures()),))

    async def _tell(self, broadcast: Broadcast, about: str, bodies: Sequence[Cast | Notice]) -> None:
        now = round(self._clock.wall() * 1000)
        appends = [
            Append(
                broadcast.bot,
                f"{about}:{broadcast.id}:{number}",
                envelopes.encode(Envelope(envelopes.VERSION, broadcast.admin, Lane.INTERACTIVE, now, body)),
            )
            for number, body in enumerate(bodies)
        ]
        await self._streams.append(self._source, appends, now)
