"""Files between shards: a token stays with its shard, so the shard that received a file hands it out.

`FileDoor` is two routes of the shard's own HTTP server, both within the token's budget: one asks
Telegram where the file is and streams it on (or tells its path, where a local Bot API server has
it on disk), the other posts it into a vault channel. `FileSource` is the other end. Requests are
signed with the network's secret; the signature covers the file and an hour.

Memory: what is under way between two sockets, some hundred kilobytes a file, however big it is.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

import aiohttp
import msgspec
from aiohttp import web

from core.domain.envelope import Lane
from core.domain.errors import DuologueError, RedisAway
from core.domain.ids import BotId
from core.service import metrics
from core.service.clock import Clock
from core.state.redis.fleet import Fleet
from shard.telegram import Caller, Refused, Telegram, TelegramAway, TooManyRequests
from shard.vault import Post, Vaults

CHUNK = 65_536
SIGNATURE_SECONDS = 3_600
HEADER = "X-Duologue-Signature"
PATH_HEADER = "X-Duologue-Path"
"""The file lies at this path, on the disk that the Bot API server and all bots share."""


class FileTrouble(DuologueError):
    """The file cannot be brought over; `key` is what the sender is told."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a file cannot be brought over: {key}")
        self.key = key


class _FileInfo(msgspec.Struct):
    file_path: str = ""


class _Posted(msgspec.Struct):
    message_id: int


class Opened(NamedTuple):
    """A file of another shard: its bytes, or where it lies on the local disk."""

    stream: aiohttp.StreamReader
    path: str


_infos = msgspec.json.Decoder(_FileInfo)
_posted = msgspec.json.Decoder(_Posted)
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
}
"""Kinds that a vault can hold as one file, with how they get there."""

VISUAL = frozenset(("photo", "video", "animation"))
"""Those of them that may be hidden under a spoiler."""


class Signer:
    """Signs a file id for the present hour, and knows the hour before too."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = hashlib.sha256(b"duologue files\0" + secret.encode()).digest()
        self._clock = clock

    def sign(self, file_id: str, *, hours_ago: int = 0) -> str:
        """Hex of an HMAC-SHA256."""
        hour = int(self._clock.wall() // SIGNATURE_SECONDS) - hours_ago
        return hmac.new(self._key, f"{hour}:{file_id}".encode(), hashlib.sha256).hexdigest()

    def holds(self, file_id: str, signature: str) -> bool:
        """Whether a shard of this network signed it lately."""
        return any(hmac.compare_digest(self.sign(file_id, hours_ago=ago), signature) for ago in (0, 1, -1))


class FileDoor:
    """The routes `/file/{file_id}` and `/vault/{file_id}` of this shard."""

    def __init__(self, telegram: Telegram, call: Caller, signer: Signer, vaults: Vaults) -> None:
        self._telegram = telegram
        self._call = call
        self._signer = signer
        self._vaults = vaults

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """200 with the file; 403 unsigned; 404 no such file; 413 too big; 503 Telegram is busy or away."""
        file_id = request.match_info["file_id"]
        if not self._signer.holds(file_id, request.headers.get(HEADER, "")):
            return web.Response(status=403)
        try:
            info = _infos.decode(await self._call("getFile", {"file_id": file_id}, lane=Lane.RELAYED))
            if info.file_path.startswith("/"):
                return web.Response(headers={PATH_HEADER: info.file_path})
            source = await self._telegram.download(info.file_path)
        except (TooManyRequests, TelegramAway):
            return web.Response(status=503)
        except Refused as error:
            return web.Response(status=413 if "too big" in error.description else 404)
        counter = metrics.MEDIA_BYTES.labels("handed_out")
        async with source:
            answer = web.StreamResponse()
            answer.content_length = source.content_length
            await answer.prepare(request)
            async for chunk in source.content.iter_chunked(CHUNK):
                counter.inc(len(chunk))
                await answer.write(chunk)
            await answer.write_eof()
            return answer

    async def handle_vault(self, request: web.Request) -> web.StreamResponse:
        """Post a file into one of the channels asked for; 200 with the post, 409 where none has room now."""
        file_id = request.match_info["file_id"]
        if not self._signer.holds(file_id, request.headers.get(HEADER, "")):
            return web.Response(status=403)
        kind, unique_id = request.query.get("kind", ""), request.query.get("unique_id", "")
        hidden = bool(request.query.get("spoiler"))
        # A copy is hidden as its post is: the two are two posts.
        known_as = f"{unique_id} hidden" if hidden else unique_id
        wanted = [int(one) for one in request.query.get("channels", "").split(",") if one]
        post = self._vaults.posted(known_as)
        if post is None or post.channel not in wanted:
            channel = self._vaults.choose(wanted)
            if channel is None or kind not in METHODS:
                return web.Response(status=409)
            self._vaults.use(channel)
            params: dict[str, object] = {"chat_id": channel, kind: file_id, "disable_notification": True}
            if hidden:
                params["has_spoiler"] = True
            try:
                result = await self._call(METHODS[kind], params, lane=Lane.RELAYED, timeout=60)
            except (TooManyRequests, TelegramAway):
                return web.Response(status=503)
            except Refused:
                return web.Response(status=409)
            post = Post(channel, _posted.decode(result).message_id)
            self._vaults.remember(known_as, post)
        return web.Response(body=msgspec.json.encode(post), content_type="application/json")


class FileSource:
    """Opens files of other shards."""

    def __init__(self, session: aiohttp.ClientSession, fleet: Fleet, signer: Signer) -> None:
        self._session = session
        self._fleet = fleet
        self._signer = signer

    @asynccontextmanager
    async def open(self, bot: BotId, file_id: str) -> AsyncIterator[Opened]:
        """The file. Raises FileTrouble (final), TelegramAway (try again)."""
        base = await self._base(bot)
        try:
            async with self._get(f"{base}/file/{file_id}", file_id) as answer:
                if answer.status == 413:
                    raise FileTrouble("not_delivered_too_big")
                if answer.status == 503:
                    raise TelegramAway(f"the shard of bot {bot} cannot fetch a file just now", reached=False)
                if answer.status != 200:
                    raise FileTrouble("not_delivered_file")
                yield Opened(answer.content, answer.headers.get(PATH_HEADER, ""))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TelegramAway(type(error).__name__, reached=False) from None

    async def post(
        self, bot: BotId, file_id: str, unique_id: str, kind: str, channels: Sequence[int], *, spoiler: bool
    ) -> Post | None:
        """Have the bot post its file into one of these vaults; None where it cannot. Raises TelegramAway."""
        base = await self._base(bot)
        query = {"kind": kind, "unique_id": unique_id, "channels": ",".join(map(str, channels))}
        if spoiler:
            query["spoiler"] = "1"
        try:
            async with self._get(f"{base}/vault/{file_id}", file_id, query) as answer:
                if answer.status == 503:
                    raise TelegramAway(f"bot {bot} cannot post a file just now", reached=False)
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
        self, url: str, file_id: str, query: dict[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=None, connect=3, sock_read=60)
        return self._session.get(
            url, params=query, headers={HEADER: self._signer.sign(file_id)}, timeout=timeout
        )
