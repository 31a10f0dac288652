"""Files between shards: a token stays with its shard, so the shard that received a file hands it out.

`FileDoor` is a route of the shard's own HTTP server: it asks Telegram where the file is, within
the token's budget, and streams it on. `FileSource` is the other end. Requests are signed with
the network's secret; the signature covers the file and an hour.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from aiohttp import web

from core.domain.envelope import Lane
from core.domain.errors import DuologueError, RedisAway
from core.domain.ids import BotId
from core.service.clock import Clock
from core.state.redis.fleet import Fleet
from shard.telegram import Caller, Refused, Telegram, TelegramAway, TooManyRequests

CHUNK = 65_536
SIGNATURE_SECONDS = 3_600
HEADER = "X-Duologue-Signature"


class FileTrouble(DuologueError):
    """The file cannot be brought over; `key` is what the sender is told."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a file cannot be brought over: {key}")
        self.key = key


class _FileInfo(msgspec.Struct):
    file_path: str = ""


_infos = msgspec.json.Decoder(_FileInfo)


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
    """The route `/file/{file_id}` of this shard."""

    def __init__(self, telegram: Telegram, call: Caller, signer: Signer) -> None:
        self._telegram = telegram
        self._call = call
        self._signer = signer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """200 with the file; 403 unsigned; 404 no such file; 503 Telegram is busy or away."""
        file_id = request.match_info["file_id"]
        if not self._signer.holds(file_id, request.headers.get(HEADER, "")):
            return web.Response(status=403)
        try:
            info = _infos.decode(await self._call("getFile", {"file_id": file_id}, lane=Lane.RELAYED))
        except (TooManyRequests, TelegramAway):
            return web.Response(status=503)
        except Refused as error:
            return web.Response(status=413 if "too big" in error.description else 404)
        try:
            source = await self._telegram.download(info.file_path)
        except TelegramAway:
            return web.Response(status=503)
        except Refused:
            return web.Response(status=404)
        async with source:
            answer = web.StreamResponse()
            answer.content_length = source.content_length
            await answer.prepare(request)
            async for chunk in source.content.iter_chunked(CHUNK):
                await answer.write(chunk)
            await answer.write_eof()
            return answer


class FileSource:
    """Opens files of other shards."""

    def __init__(self, session: aiohttp.ClientSession, fleet: Fleet, signer: Signer) -> None:
        self._session = session
        self._fleet = fleet
        self._signer = signer

    @asynccontextmanager
    async def open(self, bot: BotId, file_id: str) -> AsyncIterator[aiohttp.StreamReader]:
        """The file's bytes. Raises FileTrouble (final), TelegramAway (try again)."""
        try:
            report = (await self._fleet.reports([bot])).get(bot)
        except RedisAway as error:
            raise TelegramAway(str(error), reached=False) from None
        if report is None or not report.file_url:
            raise TelegramAway(f"the shard of bot {bot} does not report just now", reached=False)
        headers = {HEADER: self._signer.sign(file_id)}
        timeout = aiohttp.ClientTimeout(total=None, connect=3, sock_read=60)
        try:
            async with self._session.get(
                f"{report.file_url}/file/{file_id}", headers=headers, timeout=timeout
            ) as answer:
                if answer.status == 413:
                    raise FileTrouble("not_delivered_too_big")
                if answer.status == 503:
                    raise TelegramAway(f"the shard of bot {bot} cannot fetch a file just now", reached=False)
                if answer.status != 200:
                    raise FileTrouble("not_delivered_file")
                yield answer.content
        except aiohttp.ClientError as error:
            raise TelegramAway(type(error).__name__, reached=False) from None
