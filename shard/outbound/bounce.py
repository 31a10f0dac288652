"""Turning an envelope back: its sender is told that, and why, it was not delivered.

The words go into the stream of the sender's shard, known by the entry they are about, so that
a repeat says nothing twice. Only then may the entry itself be acknowledged.
"""

import asyncio

from core.domain import envelope as envelopes
from core.domain.envelope import Envelope, Lane, Notice, Relay
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
        """Tell the sender of a relayed message `key`; other envelopes have nobody to be told.

        Returns when the words are in the sender's stream; waits while Redis is away. Raises StaleEpoch.
        """
        body = item.envelope.body
        if not isinstance(body, Relay):
            return
        metrics.BOUNCED.inc()
        now = round(self._clock.wall() * 1000)
        notice = Envelope(
            envelopes.VERSION, body.sender, Lane.INTERACTIVE, now, Notice(key, {}, body.message)
        )
        append = Append(body.source, f"bounce:{item.id}", envelopes.encode(notice))
        while True:
            try:
                await self._streams.append(Source(str(self._bot), self._lease.epoch), [append], now)
                return
            except RedisAway:
                await asyncio.sleep(RETRY_SECONDS)
