"""Turning an envelope back: its sender is told that, and why, it was not delivered.

The words go into the stream of the sender's shard, known by the entry they are about, so that
a repeat says nothing twice. Only then may the entry itself be acknowledged.
"""

import asyncio
from collections.abc import Awaitable, Callable

from core.domain import envelope as envelopes
from core.domain.envelope import Amend, Envelope, Lane, Notice, React, Relay, Remove, Unsend
from core.domain.errors import RedisAway
from core.domain.ids import BotId
from core.service import metrics
from core.service.clock import Clock
from core.state.redis.leases import Lease
from core.state.redis.streams import Append, Source, Streams
from shard.outbound.lanes import Item

RETRY_SECONDS = 0.2


class Bouncer:
    """Speaks to senders on other shards (or this one) about what became of their message."""

    def __init__(self, bot: BotId, lease: Lease, streams: Streams, clock: Clock) -> None:
        self._bot = bot
        self._lease = lease
        self._streams = streams
        self._clock = clock

    async def turn_back(self, item: Item, key: str) -> None:
        """Tell the sender of what a partner did `key`; other envelopes have nobody to be told.

        Returns when the words are in the sender's stream; waits while Redis is away. Raises StaleEpoch.
        """
        body = item.envelope.body
        if not isinstance(body, Relay | Amend | React | Unsend):
            return
        if isinstance(body, Relay):
            metrics.BOUNCED.inc()
        await self._answer(item, body, Notice(key, {"conversation": str(body.conversation)}, body.message))

    async def taken_back(self, item: Item) -> None:
        """The partner's message is removed here: it goes at its writer's too. As `turn_back`."""
        body = item.envelope.body
        if isinstance(body, Unsend):
            await self._answer(item, body, Remove((body.message, body.command)))

    async def _answer(
        self, item: Item, about: Relay | Amend | React | Unsend, answer: Notice | Remove
    ) -> None:
        now = round(self._clock.wall() * 1000)
        envelope = Envelope(envelopes.VERSION, about.sender, Lane.INTERACTIVE, now, answer)
        append = Append(about.source, f"bounce:{item.id}", envelopes.encode(envelope))
        source = Source(str(self._bot), self._lease.epoch)
        await patiently(lambda: self._streams.append(source, [append], now))


async def patiently(work: Callable[[], Awaitable[object]]) -> None:
    """Do what may be repeated until Redis is there."""
    while True:
        try:
            await work()
            return
        except RedisAway:
            await asyncio.sleep(RETRY_SECONDS)
