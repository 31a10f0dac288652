"""Who wants files to be sent that may name their maker: asked once a conversation.

Beside the conversation's messages in Redis, so that a restart or a move does not ask again; this
process asks there only about a file that would else be asked about. When it is lost, people are
asked once more.
"""

from collections import OrderedDict
from collections.abc import Iterable

from core.domain.conversation import Standing
from core.domain.ids import ConversationId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys

REMEMBERED = 10_000
KEPT_MS = 172_800_000
"""As long as the messages of a conversation are remembered: 48 hours."""


class Agreements:
    """Sides of conversations. In the process bounded; the oldest are forgotten first."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._given: OrderedDict[tuple[ConversationId, int], None] = OrderedDict()

    async def give(self, standing: Standing) -> None:
        """This side of the conversation has agreed. Raises RedisAway."""
        key = self._keys.agreed(standing.conversation)
        await self._client.pipeline([("SADD", key, standing.side), ("PEXPIRE", key, KEPT_MS)])
        self._remember(standing.conversation, standing.side)

    def given(self, standing: Standing) -> bool:
        """Whether it has, as far as this process knows."""
        return (standing.conversation, standing.side) in self._given

    async def load(self, standings: Iterable[Standing]) -> None:
        """Know whether these have, in at most one round trip. Raises RedisAway."""
        missing = [standing for standing in standings if not self.given(standing)]
        if not missing:
            return
        asked = [("SISMEMBER", self._keys.agreed(one.conversation), one.side) for one in missing]
        for one, agreed in zip(missing, await self._client.pipeline(asked), strict=True):
            if agreed:
                self._remember(one.conversation, one.side)

    def _remember(self, conversation: ConversationId, side: int) -> None:
        self._given[conversation, side] = None
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
