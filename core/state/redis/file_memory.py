"""What each bot calls a file that it has sent before: file_unique_id → its own file_id.

Bounded: two generations of a hash, the older is forgotten when the newer is full. Nothing in
it tells of a person. Writing costs no round trip of its own (a note for the one that
acknowledges). When it is lost, files are uploaded once more.
"""

from core.domain.ids import BotId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import FILE_NOTE
from core.state.redis.streams import Note

GENERATION = 20_000
"""Files a generation; both together are about 6 MB a bot."""


class FileMemory:
    """One bot's memory of files, in Redis."""

    def __init__(self, client: RedisClient, keys: Keys, bot: BotId) -> None:
        self._client = client
        self._keys = (keys.files(bot, "newer"), keys.files(bot, "older"))

    async def find(self, unique_id: str) -> str | None:
        """This bot's file id, or None. Raises RedisAway."""
        replies = await self._client.pipeline([("HGET", key, unique_id) for key in self._keys])
        return next((reply.decode() for reply in replies if reply), None)

    def note(self, unique_id: str, file_id: str) -> Note:
        """Remember it; an empty id forgets."""
        return FILE_NOTE, self._keys, (GENERATION, unique_id, file_id)
