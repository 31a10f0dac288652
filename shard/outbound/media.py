"""How a file gets to a person of this bot, the cheapest way that works.

A file id belongs to one bot. From a message of the same bot it is used as it is. Else, in this
order: (1) this bot's own id, remembered since it sent the same file before, in the process or
in Redis; (2) for a sticker of a set, this bot's id in that set; (3) through a vault channel,
where the file is big; (4) the file itself: by its path where a local Bot API server has it, else
streamed from the source bot's shard through here to Telegram, never whole in memory; (5) a
clear word to the sender.

A long upload holds no slot of the budget: all but the end of it is sent first, and the end,
with which Telegram has the whole call, waits for the slot (`gate`).
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import msgspec

from core.domain.content import File, MediaKind
from core.domain.content import Media as MediaContent
from core.domain.envelope import Lane
from core.domain.errors import RedisAway
from core.domain.ids import BotId
from core.service import metrics
from core.state.redis.file_memory import FileMemory
from core.state.redis.streams import Note
from shard.files import CHUNK, METHODS, VISUAL, FileSource, FileTrouble, Opened
from shard.outbound.compose import Call, Need, from_vault
from shard.telegram import Caller, Refused, Telegram, TelegramAway
from shard.vault import Vaults

REMEMBERED = 20_000
DOWNLOAD_LIMIT = 20_971_520
"""Bytes a bot may download from Telegram's own server."""

VAULT_FROM = 1_000_000
"""Bytes from which a vault is cheaper than carrying the file ourselves."""

TRANSFERS = 20
"""Uploads at the same time."""

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

Gate = Callable[[], Awaitable[None]]
"""Waits until the call may count."""


class _Sticker(msgspec.Struct):
    file_id: str
    file_unique_id: str


class _StickerSet(msgspec.Struct):
    stickers: list[_Sticker]


_sets = msgspec.json.Decoder(_StickerSet)


class Media:
    """The ladder, and the memory that makes most steps needless."""

    def __init__(
        self, bot: BotId, call: Caller, source: FileSource, memory: FileMemory, vaults: Vaults
    ) -> None:
        self._bot = bot
        self._call = call
        self._source = source
        self._memory = memory
        self._vaults = vaults
        self._known: OrderedDict[str, str] = OrderedDict()
        self._transfers = asyncio.Semaphore(TRANSFERS)

    def at_hand(self, call: Call, source: BotId) -> bool:
        """Whether `prepare` needs to ask nobody."""
        return source == self._bot or all(need.file.unique_id in self._known for need in call.needs)

    async def prepare(self, call: Call, source: BotId) -> Call:
        """Fill in files where an id will do; what is left in `needs` is to be uploaded.

        Raises FileTrouble, TelegramAway, RedisAway.
        """
        missing: list[Need] = []
        for need in call.needs:
            file_id = await self._find(need, source)
            if file_id is None:
                missing.append(need)
            else:
                need.holder[need.key] = file_id
        if not missing:
            return call._replace(needs=())
        if self._vaults and max(need.file.size for need in missing) >= VAULT_FROM:
            copied = await self._through_vault(call, missing[0], source)
            if copied is not None:
                return copied
        return call._replace(needs=tuple(missing))

    async def send(self, telegram: Telegram, call: Call, source: BotId, gate: Gate) -> msgspec.Raw:
        """Make the call, with the uploads that it needs. Raises TelegramError, FileTrouble."""
        if not call.needs:
            await gate()
            return await telegram.call(call.method, call.params)
        async with self._transfers, AsyncExitStack() as stack:
            opened = [
                await stack.enter_async_context(self._source.open(source, need.file.id))
                for need in call.needs
            ]
            if all(one.path for one in opened):
                for need, one in zip(call.needs, opened, strict=True):
                    metrics.MEDIA.labels("path").inc()
                    need.holder[need.key] = f"file://{one.path}"
                await gate()
                return await telegram.call(call.method, call.params, timeout=UPLOAD_SECONDS)
            form = await self._form(call, opened, source, stack, gate)
            return await telegram.call(call.method, form, timeout=UPLOAD_SECONDS)

    def remember(self, content: MediaContent, message: dict[str, Any]) -> list[Note]:
        """What a send returned: this bot's own ids of the files."""
        sent = message.get(content.kind.value)
        notes = self._learn(content.file, sent)
        if isinstance(sent, dict):
            for name, file in content.companions:
                notes += self._learn(file, sent.get(name))
        return notes

    def forget(self, contents: list[MediaContent]) -> list[Note]:
        """Telegram does not know ids that we remembered; empty where none of them came from memory."""
        files = [file for one in contents for file in (one.file, *(file for _, file in one.companions))]
        return [
            self._memory.note(file.unique_id, "")
            for file in files
            if self._known.pop(file.unique_id, None) is not None
        ]

    async def _find(self, need: Need, source: BotId) -> str | None:
        """This bot's id of the file."""
        if source == self._bot:
            metrics.MEDIA.labels("own").inc()
            return need.file.id
        unique_id = need.file.unique_id
        known = self._known.get(unique_id)
        if known is not None:
            self._known.move_to_end(unique_id)
        else:
            try:
                known = await self._memory.find(unique_id)
            except RedisAway:
                known = None
            if known is not None:
                self._keep(unique_id, known)
        if known is not None:
            metrics.MEDIA.labels("remembered").inc()
            return known
        if need.content.sticker_set:
            found = await self._in_set(need.content.sticker_set, unique_id)
            if found is not None:
                metrics.MEDIA.labels("set").inc()
            return found
        return None

    async def _in_set(self, name: str, unique_id: str) -> str | None:
        try:
            found = _sets.decode(await self._call("getStickerSet", {"name": name}, lane=Lane.RELAYED))
        except Refused:
            return None
        for sticker in found.stickers:
            self._keep(sticker.file_unique_id, sticker.file_id)
        return self._known.get(unique_id)

    async def _through_vault(self, call: Call, need: Need, source: BotId) -> Call | None:
        """The same as a copy out of a vault; None where it cannot go that way.

        Raises TelegramAway where it can go only that way, but no vault has room just now.
        """
        content = need.content
        if need.holder is not call.params or content.companions or content.kind not in METHODS:
            return None
        free = self._vaults.free()
        if free:
            file, kind = content.file, content.kind.value
            post = await self._source.post(
                source, file.id, file.unique_id, kind, free, spoiler=content.spoiler and kind in VISUAL
            )
            if post is not None:
                self._vaults.use(post.channel)
                metrics.MEDIA.labels("vault").inc()
                return from_vault(call, content, post.channel, post.message)
        if need.file.size > DOWNLOAD_LIMIT:
            raise TelegramAway("no vault channel has room just now", reached=False)
        return None

    async def _form(
        self, call: Call, opened: list[Opened], source: BotId, stack: AsyncExitStack, gate: Gate
    ) -> aiohttp.FormData:
        """The call as multipart, the files at its end, in the order in which they are sent."""
        uploads: list[tuple[str, Opened, str, str]] = []
        for at, (need, one) in enumerate(zip(call.needs, opened, strict=True)):
            # Telegram takes a cover only by reference, the others as fields of their own.
            direct = need.holder is call.params and need.key != "cover"
            name = need.key if direct else f"file{at}"
            if not direct:
                need.holder[need.key] = f"attach://{name}"
            metrics.MEDIA.labels("streamed").inc()
            small = await self._thumbnail(need, source, stack)
            if small is not None:
                need.holder["thumbnail"] = f"attach://thumbnail{at}"
                uploads.append((f"thumbnail{at}", small, "thumbnail.jpg", "image/jpeg"))
            uploads.append((name, one, _name(need), need.file.mime or "application/octet-stream"))
        form = aiohttp.FormData(quote_fields=False)
        for key, value in call.params.items():
            form.add_field(key, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        last = len(uploads) - 1
        for at, (name, one, filename, mime) in enumerate(uploads):
            form.add_field(
                name, _carry(one, gate if at == last else None), filename=filename, content_type=mime
            )
        return form

    async def _thumbnail(self, need: Need, source: BotId, stack: AsyncExitStack) -> Opened | None:
        """The little picture that goes with the file; a file goes without it too."""
        small = need.content.thumbnail
        if small is None or need.kind not in _WITH_THUMBNAIL:
            return None
        try:
            return await stack.enter_async_context(self._source.open(source, small.id))
        except FileTrouble:
            return None

    def _learn(self, file: File, sent: object) -> list[Note]:
        if isinstance(sent, list):
            sent = sent[-1] if sent else None
        if not isinstance(sent, dict) or "file_id" not in sent:
            return []
        if self._known.get(file.unique_id) == sent["file_id"]:
            return []
        self._keep(file.unique_id, sent["file_id"])
        return [self._memory.note(file.unique_id, sent["file_id"])]

    def _keep(self, unique_id: str, file_id: str) -> None:
        self._known[unique_id] = file_id
        self._known.move_to_end(unique_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


async def _carry(opened: Opened, gate: Gate | None) -> AsyncIterator[bytes]:
    """The bytes as they come; the end of the last file waits at the gate."""
    counter = metrics.MEDIA_BYTES.labels("streamed")
    async for chunk in opened.stream.iter_chunked(CHUNK):
        counter.inc(len(chunk))
        yield chunk
    if gate is not None:
        await gate()


def _name(need: Need) -> str:
    """The file's own name, or a plain one that tells nothing."""
    if need.kind is MediaKind.STICKER:
        return _STICKERS[need.content.sticker_format]
    name = need.file.name if need.key in (need.kind.value, "media") else ""
    return _UNPRINTABLE.sub("_", name) or _SUFFIX[need.kind]
