"""When Redis no longer knows what it knew: it lost everything, or a replica with less took over.

Nobody else owns the token then, so the process stays. Its parts end, it takes a newer epoch, and they
begin again from what Redis knows now; only this module's `Memory` lives on:
- what Telegram has said yes to lately: where the stream still has it, it is taken out, not sent again;
- who was in a conversation or searching: whoever Redis has forgotten is told that the chat is lost, or
  searches again without having to ask.

When the process dies too, people hear that they are in no chat when they next write.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from core.domain import envelope as envelopes
from core.domain.conversation import Change
from core.domain.envelope import Envelope, Happening, Lane, Notice
from core.domain.errors import RedisAway, SetBack
from core.domain.ids import BotId, EntryId, PersonId, UpdateId
from core.service.clock import Clock
from core.state.redis.conversations import Asker, Conversations
from core.state.redis.leases import Lease
from core.state.redis.streams import Append, Source, Streams
from shard.outbound.sender import Sender
from shard.standings import Standings

RETRY_SECONDS = 0.2
DRAIN_SECONDS = 5.0
AT_ONCE = 500
DONE_KEPT = 1_000
"""More than one bot sends in the moment that a replica may lag behind."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Memory:
    """What outlives the parts of a shard."""

    talked: frozenset[PersonId] = frozenset()
    searched: frozenset[PersonId] = frozenset()
    done: deque[EntryId] = field(default_factory=lambda: deque(maxlen=DONE_KEPT))

    def keep(self, standings: Standings) -> None:
        """Take over what the parts that end now know."""
        self.talked, self.searched = standings.chatting(), standings.searching()


async def keep(lease: Lease, sender: Sender) -> None:
    """Keep the lease. Where Redis was set back it is still ours: what is under way ends in order first."""
    try:
        await lease.run()
    except SetBack:
        sender.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await sender.drained()
        raise


async def make_good(
    memory: Memory, conversations: Conversations, streams: Streams, bot: BotId, lease: Lease, clock: Clock
) -> None:
    """Tell whom Redis has forgotten, and search again for those who searched. Raises StaleEpoch."""
    searched = memory.searched
    engaged = [*memory.talked, *searched]
    forgotten = 0
    for start in range(0, len(engaged), AT_ONCE):
        some = engaged[start : start + AT_ONCE]
        while True:
            try:
                forgotten += await _tell(some, searched, conversations, streams, bot, lease, clock)
                break
            except RedisAway:
                await asyncio.sleep(RETRY_SECONDS)
    if forgotten:
        log.warning("people whom Redis had forgotten are told", forgotten=forgotten, known=len(engaged))


async def _tell(
    engaged: Sequence[PersonId],
    searched: frozenset[PersonId],
    conversations: Conversations,
    streams: Streams,
    bot: BotId,
    lease: Lease,
    clock: Clock,
) -> int:
    """How many Redis did not know. May be repeated."""
    now = round(clock.wall() * 1000)
    standings = await conversations.standings(engaged)
    forgotten = [person for person, standing in zip(engaged, standings, strict=True) if standing.seq == 0]
    words = []
    for person in forgotten:
        body: Notice | Happening = Notice("chat_lost")
        if person in searched:
            found = await conversations.find(Asker(person, bot, lease.epoch, UpdateId(0)), safe=False)
            if not found.changed:
                continue
            body = Happening(Change.SEARCHING, found.standing)
        lane = Lane.RELAYED if isinstance(body, Notice) else Lane.INTERACTIVE
        told = Envelope(envelopes.VERSION, person, lane, now, body)
        words.append(Append(bot, f"{lease.epoch}:{person}", envelopes.encode(told)))
    # A source of its own: so many members would make the bot's own be forgotten.
    await streams.append(Source(f"lost:{bot}", lease.epoch), words, now)
    return len(forgotten)
