"""How a file gets to a person of this bot, the cheapest way that works.

A file id belongs to one bot. From a message of the same bot it is used as it is. Else, in this
order: (1) this bot's own id, remembered since it sent the same file before; (2) for a sticker of
a set, this bot's id in that set; (3) the file itself, streamed from the source bot's shard
through here to Telegram, never whole in memory.
"""

from collections import OrderedDict
from typing import Any

import aiohttp
import msgspec

from core.domain.content import Media as MediaContent
from core.domain.content import MediaKind
from core.domain.envelope import Envelope, Lane, Relay
from core.domain.ids import BotId
from core.service import metrics
from shard.files import FileSource, FileTrouble
from shard.outbound.compose import Call
from shard.telegram import Caller, Refused, Telegram

REMEMBERED = 20_000
UPLOAD_LIMIT = 50_000_000
"""Bytes a bot may upload."""

UPLOAD_SECONDS = 300
_SUFFIX = {
    MediaKind.PHOTO: "photo.jpg",
    MediaKind.VIDEO: "video.mp4",
    MediaKind.ANIMATION: "animation.mp4",
    MediaKind.VOICE: "voice.ogg",
    MediaKind.VIDEO_NOTE: "video.mp4",
    MediaKind.AUDIO: "audio.mp3",
    MediaKind.DOCUMENT: "document",
}
_STICKERS = {"": "sticker.webp", "animated": "sticker.tgs", "video": "sticker.webm"}


class _Sticker(msgspec.Struct):
    file_id: str
    file_unique_id: str


class _StickerSet(msgspec.Struct):
    stickers: list[_Sticker]


_sets = msgspec.json.Decoder(_StickerSet)
_results = msgspec.json.Decoder(dict[str, Any])


class Media:
    """The ladder, and the memory that makes most steps needless."""

    def __init__(self, bot: BotId, call: Caller, source: FileSource) -> None:
        self._bot = bot
        self._call = call
        self._source = source
        self._known: OrderedDict[str, str] = OrderedDict()

    async def prepare(self, call: Call, body: Relay) -> Call:
        """Fill in the file where an id will do; a call whose `file` is left needs an upload. Raises FileTrouble."""
        content = body.content
        if not isinstance(content, MediaContent):
            return call
        if body.source == self._bot:
            return self._by_id(call, content.file.id, "own")
        known = self._known.get(content.file.unique_id)
        if known is None and content.sticker_set:
            known = await self._in_set(content.sticker_set, content.file.unique_id)
        if known is not None:
            self._known.move_to_end(content.file.unique_id)
            return self._by_id(call, known, "remembered")
        if content.file.size > UPLOAD_LIMIT:
            raise FileTrouble("not_delivered_too_big")
        return call

    async def send(self, telegram: Telegram, envelope: Envelope, call: Call) -> msgspec.Raw:
        """Make the call, with the upload where one is needed. Raises TelegramError, FileTrouble."""
        body = envelope.body
        if not call.file or not isinstance(body, Relay) or not isinstance(body.content, MediaContent):
            return await telegram.call(call.method, call.params)
        metrics.MEDIA.labels("streamed").inc()
        content = body.content
        async with self._source.open(body.source, content.file.id) as stream:
            form = aiohttp.FormData(quote_fields=False)
            for name, value in call.params.items():
                text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
                form.add_field(name, text)
            name = content.file.name or _STICKERS.get(content.sticker_format, "") or "file"
            if content.kind is not MediaKind.STICKER:
                name = content.file.name or _SUFFIX[content.kind]
            form.add_field(
                call.file, stream, filename=name, content_type=content.file.mime or "application/octet-stream"
            )
            return await telegram.call(call.method, form, timeout=UPLOAD_SECONDS)

    def remember(self, envelope: Envelope, result: msgspec.Raw) -> None:
        """What a send returned: this bot's own id of the file."""
        body = envelope.body
        if (
            not isinstance(body, Relay)
            or not isinstance(body.content, MediaContent)
            or body.source == self._bot
        ):
            return
        sent = _results.decode(result).get(body.content.kind.value)
        if isinstance(sent, list):
            sent = sent[-1] if sent else None
        if isinstance(sent, dict) and "file_id" in sent:
            self._remember(body.content.file.unique_id, sent["file_id"])

    def _by_id(self, call: Call, file_id: str, step: str) -> Call:
        metrics.MEDIA.labels(step).inc()
        return Call(call.method, {**call.params, call.file: file_id})

    async def _in_set(self, name: str, unique_id: str) -> str | None:
        try:
            found = _sets.decode(await self._call("getStickerSet", {"name": name}, lane=Lane.RELAYED))
        except Refused:
            return None
        for sticker in found.stickers:
            self._remember(sticker.file_unique_id, sticker.file_id)
        return self._known.get(unique_id)

    def _remember(self, unique_id: str, file_id: str) -> None:
        self._known[unique_id] = file_id
        self._known.move_to_end(unique_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
