"""What was meant for a bot that is gone goes on to where its person is served now.

The inbox of a bot that is gone is closed. While its people are being moved nobody knows where to
(`BotMoving`: try again in a moment); then the plan in `{shard:<bot>}:moved` says it for everybody
who had anything going on there. Whoever is not in it, or in it with nowhere, cannot be reached:
the writer of a message is told, words of the network are dropped.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.domain.envelope import Envelope, decode, encode
from core.domain.errors import BotMoving
from core.domain.ids import BotId
from core.domain.moving import rehomed, turned_back
from core.service import metrics
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys

if TYPE_CHECKING:
    from core.state.redis.streams import Append


class Forwarding:
    """Asked only when an append was refused because the inbox is closed."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def redirect(self, bot: BotId, appends: Sequence["Append"], now_ms: int) -> list["Append"]:
        """The same for the bots where the people are now. Raises BotMoving, RedisAway."""
        envelopes = [decode(one.payload) for one in appends]
        closed, homes = await self._client.pipeline(
            [
                ("HGET", self._keys.fences(bot), "closed"),
                ("HMGET", self._keys.moved(bot), *(str(one.to) for one in envelopes)),
            ]
        )
        if closed is None:
            return list(appends)
        if closed != b"moved":
            raise BotMoving(bot)
        metrics.FORWARDED.inc(len(appends))
        found: list[Append] = []
        for one, envelope, home in zip(appends, envelopes, homes, strict=True):
            where = addressed(envelope, BotId(int(home or 0)), now_ms)
            if where is not None:
                # What came together may go to several bots, so each is known by itself.
                found.append(one._replace(bot=where[0], payload=encode(where[1]), bundle=""))
        return found


def addressed(envelope: Envelope, home: BotId, now_ms: int) -> tuple[BotId, Envelope] | None:
    """To the person's new bot, or back to the writer in words; None where nobody need hear of it."""
    if not home:
        return turned_back(envelope, "not_delivered_over", now_ms)
    moved = rehomed(envelope, home)
    return None if moved is None else (home, moved)
