"""The door through which a shard hands out the files that its bot was sent, to other shards.

Two routes of the shard's own HTTP server, both within the token's budget: one asks Telegram where
the file is and streams it on (or tells a path to it, where a local Bot API server has it on disk),
the other posts it into a vault channel. No token travels.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import msgspec
from aiohttp import web

from core.domain.envelope import Lane
from core.domain.errors import RedisAway
from core.service import metrics
from core.state.redis.vault_counts import Use
from shard.belt import Belt
from shard.files import CHUNK, HEADER, METHODS, NO_ROOM, NOT_HERE, PATH_HEADER, Signer
from shard.links import Links
from shard.telegram import Caller, Refused, Telegram, TelegramAway, TooManyRequests
from shard.vault import Post, Vaults


class _FileInfo(msgspec.Struct):
    file_path: str = ""


class _Posted(msgspec.Struct):
    message_id: int


_infos = msgspec.json.Decoder(_FileInfo)
_posted = msgspec.json.Decoder(_Posted)


class FileDoor:
    """The routes `/file/{file_id}` and `/vault/{file_id}` of this shard."""

    def __init__(
        self, telegram: Telegram, call: Caller, signer: Signer, vaults: Vaults, belt: Belt, links: Links
    ) -> None:
        self._telegram = telegram
        self._call = call
        self._signer = signer
        self._vaults = vaults
        self._belt = belt
        self._links = links

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """200 with the file; 403 unsigned; 404 no such file; 413 too big; 503 Telegram is busy or away.

        With `name` in the query a path of that name will do, where there is one.
        """
        file_id = request.match_info["file_id"]
        if not self._signer.holds(file_id, request.headers.get(HEADER, "")):
            return web.Response(status=403)
        await self._belt.begin()
        try:
            info = _infos.decode(await self._call("getFile", {"file_id": file_id}, lane=Lane.RELAYED))
            if info.file_path.startswith("/"):
                return await self._from_disk(request, info.file_path)
            source = await self._telegram.download(info.file_path)
        except (TooManyRequests, TelegramAway):
            return web.Response(status=503)
        except Refused as error:
            return web.Response(status=413 if "too big" in error.description else 404)
        async with source:
            return await self._hand_out(request, source.content_length, source.content.iter_chunked(CHUNK))

    async def _from_disk(self, request: web.Request, path: str) -> web.StreamResponse:
        """A local Bot API server has the file: a path to it, or its bytes."""
        name = request.query.get("name")
        link = self._links.place(path, name) if name else None
        if link is not None:
            return web.Response(headers={PATH_HEADER: quote(link)})
        try:
            size = (await asyncio.to_thread(Path(path).stat)).st_size
        except OSError:
            return web.Response(status=404)
        return await self._hand_out(request, size, _read(path))

    async def _hand_out(
        self, request: web.Request, size: int | None, pieces: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        counter = metrics.MEDIA_BYTES.labels("handed_out")
        answer = web.StreamResponse()
        answer.content_length = size
        await answer.prepare(request)
        moved = 0
        async for piece in pieces:
            await self._belt.turn(moved, len(piece))
            moved += len(piece)
            counter.inc(len(piece))
            await answer.write(piece)
        await answer.write_eof()
        return answer

    async def handle_vault(self, request: web.Request) -> web.StreamResponse:
        """Post a file into one of the channels asked for; 200 with the post."""
        file_id = request.match_info["file_id"]
        if not self._signer.holds(file_id, request.headers.get(HEADER, "")):
            return web.Response(status=403)
        query = request.query
        kind, unique_id, hidden = query.get("kind", ""), query.get("unique_id", ""), "spoiler" in query
        # A copy is hidden as its post is: the two are two posts.
        known_as = f"{unique_id} hidden" if hidden else unique_id
        wanted = [int(one) for one in query.get("channels", "").split(",") if one]
        if kind not in METHODS:
            return web.Response(status=NOT_HERE)
        post = None if "anew" in query else self._vaults.posted(known_as)
        if post is None or post.channel not in wanted:
            try:
                use = await self._vaults.take(wanted)
            except RedisAway:
                return web.Response(status=503)
            if use is None:
                return web.Response(status=NO_ROOM if set(wanted) & set(self._vaults.usable()) else NOT_HERE)
            params: dict[str, object] = {"chat_id": use.channel, kind: file_id, "disable_notification": True}
            if hidden:
                params["has_spoiler"] = True
            if "still" in query:
                params["photo"] = query["still"]
            try:
                message = await self._post(use, METHODS[kind], params)
            except (TooManyRequests, TelegramAway):
                return web.Response(status=503)
            except Refused:
                return web.Response(status=NOT_HERE)
            if message is None:
                return await self.handle_vault(request)
            post = Post(use.channel, message)
            self._vaults.remember(known_as, post)
        return web.Response(body=msgspec.json.encode(post), content_type="application/json")

    async def _post(self, use: Use, method: str, params: dict[str, object]) -> int | None:
        """The post's number; None where the channel refuses us, and is left alone from now on.

        Raises Refused where it is about the file, TooManyRequests, TelegramAway.
        """
        try:
            result = await self._call(method, params, lane=Lane.RELAYED, timeout=60)
        except Refused as error:
            if "file" in error.description:
                raise
            self._vaults.leave_alone(use.channel)
            return None
        finally:
            await self._vaults.done(use)
        return _posted.decode(result).message_id


async def _read(path: str) -> AsyncIterator[bytes]:
    """A file of the disk, piece by piece. A file that has just gone ends the answer in its middle."""
    with await asyncio.to_thread(open, path, "rb") as opened:
        while piece := await asyncio.to_thread(opened.read, CHUNK):
            yield piece
