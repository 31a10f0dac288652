"""Carrying files over: opened at the shard that has them, cleaned on the way, sent as one call.

A long upload holds no slot of the budget: all but the end of it is sent first, and the end,
with which Telegram has the whole call, waits for the slot (`gate`). Nothing is whole in memory. Of
the uploads at the same time some places are kept for small files, so that no picture waits for films.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import NamedTuple
from urllib.parse import quote

import aiohttp
import msgspec

from core.domain.content import MediaKind
from core.domain.ids import BotId
from core.service import metrics
from shard.belt import Belt
from shard.cleaning import HEAD, Care, Filter, care_of, filter_for
from shard.files import CHUNK, FileSource, FileTrouble, Opened
from shard.outbound.compose import Call, Need
from shard.telegram import Telegram

AT_ONCE = 20
"""Uploads at the same time."""

BIG_AT_ONCE = 16
BIG_FROM = 1_000_000
"""Bytes from which a file is big."""

UPLOAD_SECONDS = 600
_SUFFIX = {
    MediaKind.PHOTO: "photo.jpg",
    MediaKind.VIDEO: "video.mp4",
    MediaKind.ANIMATION: "animation.mp4",
    MediaKind.VOICE: "voice.ogg",
    MediaKind.VIDEO_NOTE: "video.mp4",
    MediaKind.AUDIO: "audio.mp3",
    MediaKind.DOCUMENT: "document",
    MediaKind.LIVE_PHOTO: "video.mp4",
}
_STICKERS = {"": "sticker.webp", "animated": "sticker.tgs", "video": "sticker.webm"}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\"\\]")
_WITH_THUMBNAIL = frozenset(
    (MediaKind.VIDEO, MediaKind.ANIMATION, MediaKind.AUDIO, MediaKind.DOCUMENT, MediaKind.VIDEO_NOTE)
)
_CLEANED_TOO = frozenset((MediaKind.VIDEO, MediaKind.ANIMATION, MediaKind.VIDEO_NOTE))
"""Kinds that nobody is asked about, but that are cleaned where they pass through here anyway."""

Gate = Callable[[], Awaitable[None]]
"""Waits until the call may count."""


class _Upload(NamedTuple):
    """One file of a call, under the name of its field."""

    field: str
    opened: Opened
    filename: str
    mime: str
    step: str
    head: bytes = b""
    strainer: Filter | None = None


def care_for(need: Need) -> Care:
    """The pictures that go with a file are Telegram's own making."""
    return care_of(need.content) if need.file is need.content.file else Care.PLAIN


class Uploads:
    """`send` makes a call with the files that it still needs."""

    def __init__(self, source: FileSource, belt: Belt) -> None:
        self._source = source
        self._belt = belt
        self._places = asyncio.Semaphore(AT_ONCE)
        self._big_places = asyncio.Semaphore(BIG_AT_ONCE)

    async def send(self, telegram: Telegram, call: Call, source: BotId, gate: Gate) -> msgspec.Raw:
        """The answer, still encoded. Raises TelegramError, FileTrouble."""
        async with AsyncExitStack() as stack:
            if max(need.file.size for need in call.needs) >= BIG_FROM:
                await stack.enter_async_context(self._big_places)
            await stack.enter_async_context(self._places)
            uploads: list[_Upload] = []
            for at, need in enumerate(call.needs):
                uploads += await self._open(at, need, call, source, stack)
            if not uploads:
                await gate()
                return await telegram.call(call.method, call.params, timeout=UPLOAD_SECONDS)
            form = aiohttp.FormData(quote_fields=False)
            for key, value in call.params.items():
                said = value if isinstance(value, str) else msgspec.json.encode(value).decode()
                form.add_field(key, said)
            for one in uploads:
                pieces = self._carry(one, gate if one is uploads[-1] else None)
                form.add_field(one.field, pieces, filename=one.filename, content_type=one.mime)
            return await telegram.call(call.method, form, timeout=UPLOAD_SECONDS)

    async def _open(
        self, at: int, need: Need, call: Call, source: BotId, stack: AsyncExitStack
    ) -> list[_Upload]:
        """What is to be uploaded for a need, with its thumbnail; nothing where a path does."""
        clean = care_for(need) is Care.CLEAN
        name = _name(need)
        await self._belt.begin()
        try:
            opened = await stack.enter_async_context(
                self._source.open(source, need.file.id, name="" if clean else name)
            )
        except FileTrouble as trouble:
            if clean and trouble.key == "not_delivered_too_big":
                # It could go by its id, but not through here.
                raise FileTrouble("file_ask") from None
            raise
        if opened.path:
            metrics.MEDIA.labels("path").inc()
            need.holder[need.key] = f"file://{quote(opened.path)}"
            return []
        head, strainer = b"", None
        if clean or need.kind in _CLEANED_TOO:
            head = await _beginning(opened.stream)
            strainer = filter_for(head)
            if clean and strainer is None:
                raise FileTrouble("file_ask")
        step = "cleaned" if clean else "streamed"
        metrics.MEDIA.labels(step).inc()
        # Telegram takes a cover only by reference, the others as fields of their own.
        direct = need.holder is call.params and need.key != "cover"
        field = need.key if direct else f"file{at}"
        if not direct:
            need.holder[need.key] = f"attach://{field}"
        if need.kind is MediaKind.DOCUMENT:
            need.holder["disable_content_type_detection"] = True
        main = _Upload(
            field, opened, name, need.file.mime or "application/octet-stream", step, head, strainer
        )
        small = await self._thumbnail(need, source, stack)
        if small is None:
            return [main]
        need.holder["thumbnail"] = f"attach://thumbnail{at}"
        return [_Upload(f"thumbnail{at}", small, "thumbnail.jpg", "image/jpeg", step), main]

    async def _thumbnail(self, need: Need, source: BotId, stack: AsyncExitStack) -> Opened | None:
        """The little picture that goes with the file; a file goes without it too."""
        small = need.content.thumbnail
        if small is None or need.kind not in _WITH_THUMBNAIL:
            return None
        try:
            return await stack.enter_async_context(self._source.open(source, small.id))
        except FileTrouble:
            return None

    async def _carry(self, upload: _Upload, gate: Gate | None) -> AsyncIterator[bytes]:
        """The bytes as they come; the end of the last file waits at the gate."""
        counter = metrics.MEDIA_BYTES.labels(upload.step)
        moved = 0
        async for piece in _with(upload.head, upload.opened.stream):
            await self._belt.turn(moved, len(piece))
            moved += len(piece)
            counter.inc(len(piece))
            passing = upload.strainer.feed(piece) if upload.strainer is not None else piece
            if passing:
                yield passing
        if gate is not None:
            await gate()


async def _beginning(stream: aiohttp.StreamReader) -> bytes:
    """What a file's format is known by."""
    head = b""
    while len(head) < HEAD and (piece := await stream.read(HEAD - len(head))):
        head += piece
    return head


async def _with(head: bytes, stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for piece in stream.iter_chunked(CHUNK):
        yield piece


def _name(need: Need) -> str:
    """The file's own name, or a plain one that tells nothing."""
    if need.kind is MediaKind.STICKER:
        return _STICKERS[need.content.sticker_format]
    name = need.file.name if need.key in (need.kind.value, "media") else ""
    return _UNPRINTABLE.sub("_", name) or _SUFFIX[need.kind]
