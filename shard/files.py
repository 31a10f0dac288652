"""Files between shards: a token stays with its shard, so the shard that received a file hands it out.

`FileSource` asks at the door (shard.handout) of the shard that has a file. Requests are signed with
the network's secret; the signature covers the file and an hour.

Memory: what is under way between two sockets, some hundred kilobytes a file, however big it is.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple
from urllib.parse import unquote

import aiohttp
import msgspec

from core.domain.content import Media
from core.domain.errors import DuologueError, RedisAway
from core.domain.ids import BotId
from core.service.clock import Clock
from core.state.redis.fleet import Fleet
from shard.telegram import TelegramAway
from shard.vault import NoRoom, Post

CHUNK = 65_536
SIGNATURE_SECONDS = 3_600
HEADER = "X-Duologue-Signature"
PATH_HEADER = "X-Duologue-Path"
"""The file lies at this path (quoted), on the disk that the Bot API server and all bots share."""

NO_ROOM, NOT_HERE = 409, 422
"""What the door for vaults answers: not in this minute, and not at all."""


class FileTrouble(DuologueError):
    """The file cannot be brought over; `key` is what the sender is told."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a file cannot be brought over: {key}")
        self.key = key


class Opened(NamedTuple):
    """A file of another shard: its bytes, or where it lies on the local disk."""

    stream: aiohttp.StreamReader
    path: str


_posts = msgspec.json.Decoder(Post)

METHODS = {
    "photo": "sendPhoto",
    "video": "sendVideo",
    "animation": "sendAnimation",
    "voice": "sendVoice",
    "video_note": "sendVideoNote",
    "audio": "sendAudio",
    "document": "sendDocument",
    "sticker": "sendSticker",
    "live_photo": "sendLivePhoto",
}
"""Kinds that a vault can hold as one file, with how they get there."""

VISUAL = frozenset(("photo", "video", "animation", "live_photo"))
"""Those of them that may be hidden under a spoiler."""


class Signer:
    """Signs a file id for the present hour, and knows the hour before too."""

    def __init__(self, clock: Clock, secret: str, *older: str) -> None:
        """`older` secrets are known, but nothing is signed with them."""
        self._keys = [hashlib.sha256(b"duologue files\0" + one.encode()).digest() for one in (secret, *older)]
        self._clock = clock

    def sign(self, file_id: str) -> str:
        """Hex of an HMAC-SHA256."""
        return self._signed(self._keys[0], file_id, 0)

    def holds(self, file_id: str, signature: str) -> bool:
        """Whether a shard of this network signed it lately."""
        made = (self._signed(key, file_id, ago) for key in self._keys for ago in (0, 1, -1))
        return any(hmac.compare_digest(one, signature) for one in made)

    def _signed(self, key: bytes, file_id: str, hours_ago: int) -> str:
        hour = int(self._clock.wall() // SIGNATURE_SECONDS) - hours_ago
        return hmac.new(key, f"{hour}:{file_id}".encode(), hashlib.sha256).hexdigest()


class FileSource:
    """Opens files of other shards."""

    def __init__(self, session: aiohttp.ClientSession, fleet: Fleet, signer: Signer) -> None:
        self._session = session
        self._fleet = fleet
        self._signer = signer

    @asynccontextmanager
    async def open(self, bot: BotId, file_id: str, *, name: str = "") -> AsyncIterator[Opened]:
        """The file. With a name a path of that name will do. Raises FileTrouble (final), TelegramAway."""
        base = await self._base(bot)
        try:
            async with self._get(f"{base}/file/{file_id}", file_id, {"name": name} if name else {}) as answer:
                if answer.status == 413:
                    raise FileTrouble("not_delivered_too_big")
                if answer.status == 503:
                    raise TelegramAway(f"the shard of bot {bot} cannot fetch a file just now", reached=False)
                if answer.status != 200:
                    raise FileTrouble("not_delivered_file")
                yield Opened(answer.content, unquote(answer.headers.get(PATH_HEADER, "")))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TelegramAway(type(error).__name__, reached=False) from None

    async def post(
        self, bot: BotId, content: Media, channels: Sequence[int], *, anew: bool = False
    ) -> Post | None:
        """Have the bot post this file into one of these vaults, or tell where it lies already.

        `anew`: it does not lie there any more. None where it cannot be. Raises NoRoom, TelegramAway.
        """
        base, file, kind = await self._base(bot), content.file, content.kind.value
        query = {"kind": kind, "unique_id": file.unique_id, "channels": ",".join(map(str, channels))}
        if content.spoiler and kind in VISUAL:
            query["spoiler"] = "1"
        if content.still is not None:
            query["still"] = content.still.id
        if anew:
            query["anew"] = "1"
        try:
            async with self._get(f"{base}/vault/{file.id}", file.id, query) as answer:
                if answer.status == 503:
                    raise TelegramAway(f"bot {bot} cannot post a file just now", reached=False)
                if answer.status == NO_ROOM:
                    raise NoRoom
                return _posts.decode(await answer.read()) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TelegramAway(type(error).__name__, reached=False) from None

    async def _base(self, bot: BotId) -> str:
        try:
            report = (await self._fleet.reports([bot])).get(bot)
        except RedisAway as error:
            raise TelegramAway(str(error), reached=False) from None
        if report is None or not report.file_url:
            raise TelegramAway(f"the shard of bot {bot} does not report just now", reached=False)
        return report.file_url

    def _get(
        self, url: str, file_id: str, query: dict[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=None, connect=3, sock_read=60)
        return self._session.get(
            url, params=query, headers={HEADER: self._signer.sign(file_id)}, timeout=timeout
        )
