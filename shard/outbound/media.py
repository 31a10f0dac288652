"""How a file gets to a person of this bot, the cheapest way that works.

A file id belongs to one bot. From a message of the same bot it is used as it is. Else, in this
order: (1) this bot's own id, remembered since it sent the same file before, in the process or
in Redis; (2) for a sticker of a set, this bot's id in that set; (3) through a vault channel,
where the file is big: copied out of it, or where that will not do (in an album, in an edit)
forwarded inside it, which tells this bot's id; (4) the file itself: by its path where a local Bot
API server has it, else streamed from the source bot's shard through here to Telegram (uploads);
(5) a clear word to the sender.

A file that may name its maker (shard.cleaning) takes only (1) and (4), on the same bot too: what is
remembered of it is the clean copy, under a name of its own. One that cannot be cleaned is turned
back with a question.
"""

from collections import OrderedDict
from typing import Any

import msgspec

from core.domain.content import File
from core.domain.content import Media as MediaContent
from core.domain.envelope import Lane
from core.domain.errors import RedisAway
from core.domain.ids import BotId
from core.service import metrics
from core.state.redis.file_memory import FileMemory
from core.state.redis.streams import Note
from core.state.redis.vault_counts import Use
from shard.cleaning import Care, care_of
from shard.files import METHODS, FileSource, FileTrouble
from shard.outbound.compose import Call, Need, from_vault
from shard.outbound.uploads import Gate, Uploads, care_for
from shard.telegram import Caller, Refused, Telegram, TelegramAway
from shard.vault import NoRoom, Post, Vaults

REMEMBERED = 4_000
DOWNLOAD_LIMIT = 20_971_520
"""Bytes a bot may download from Telegram's own server."""

VAULT_FROM = 1_000_000
"""Bytes from which a vault is cheaper than carrying the file ourselves."""

_POST_GONE = "message to copy not found", "message to forward not found"
_CHANNEL_REFUSES = "chat not found", "channel", "can't be copied", "can't be forwarded", "CHAT_", "rights"


class _Sticker(msgspec.Struct):
    file_id: str
    file_unique_id: str


class _StickerSet(msgspec.Struct):
    stickers: list[_Sticker]


_sets = msgspec.json.Decoder(_StickerSet)
_messages = msgspec.json.Decoder(dict[str, Any])


class Media:
    """The ladder, and the memory that makes most steps needless."""

    def __init__(
        self,
        bot: BotId,
        call: Caller,
        source: FileSource,
        memory: FileMemory,
        vaults: Vaults,
        uploads: Uploads,
    ) -> None:
        self._bot = bot
        self._call = call
        self._source = source
        self._memory = memory
        self._vaults = vaults
        self._uploads = uploads
        self._known: OrderedDict[str, str] = OrderedDict()
        self._gone: OrderedDict[Post, None] = OrderedDict()

    def at_hand(self, call: Call, source: BotId) -> bool:
        """Whether `prepare` needs to ask nobody."""
        return all(self._at_hand(need, source) for need in call.needs)

    def _at_hand(self, need: Need, source: BotId) -> bool:
        care = care_for(need)
        if care is Care.ASK:
            return False
        return (source == self._bot and care is Care.PLAIN) or _key(need.file, care) in self._known

    async def prepare(self, call: Call, source: BotId) -> Call:
        """Fill in files where an id will do; what is left in `needs` is to be uploaded.

        Raises FileTrouble, TelegramAway, RedisAway.
        """
        missing: list[Need] = []
        for need in call.needs:
            care = care_for(need)
            if care is Care.ASK:
                raise FileTrouble("file_ask")
            file_id = await self._find(need, source, care)
            if file_id is None:
                missing.append(need)
            else:
                need.holder[need.key] = file_id
        for need in [one for one in missing if self._suits_vault(one)]:
            if len(missing) == 1 and _whole(call, need):
                found = await self._posted(need, source)
                if found is not None:
                    post, use = found
                    metrics.MEDIA.labels("vault").inc()
                    return from_vault(call, need.content, use, post.message)
            elif need.file.size > DOWNLOAD_LIMIT:
                file_id = await self._forwarded(need, source)
                if file_id is not None:
                    need.holder[need.key] = file_id
                    missing.remove(need)
        return msgspec.structs.replace(call, needs=tuple(missing))

    async def send(self, telegram: Telegram, call: Call, source: BotId, gate: Gate) -> msgspec.Raw:
        """Make the call, with the uploads that it needs. Raises TelegramError, FileTrouble."""
        if call.needs:
            return await self._uploads.send(telegram, call, source, gate)
        try:
            await gate()
            return await telegram.call(call.method, call.params)
        finally:
            if call.use is not None:
                await self._vaults.done(call.use)

    def remember(self, content: MediaContent, message: dict[str, Any]) -> list[Note]:
        """What a send returned: this bot's own ids of the files."""
        sent, care = message.get(content.kind.value), care_of(content)
        notes = self._learn(_key(content.file, care), sent)
        if isinstance(sent, dict):
            if care is Care.CLEAN and "file_unique_id" in sent:
                # Should somebody send our clean copy, it need not be cleaned again.
                notes += self._learn(_clean(sent["file_unique_id"]), sent)
            for name, file in content.companions:
                notes += self._learn(file.unique_id, sent.get(name))
        return notes

    def forget(self, contents: list[MediaContent]) -> list[Note]:
        """Telegram does not know ids that we remembered; empty where none of them came from memory."""
        keys = [
            key
            for one in contents
            for key in (_key(one.file, care_of(one)), *(file.unique_id for _, file in one.companions))
        ]
        return [self._memory.note(key, "") for key in keys if self._known.pop(key, None) is not None]

    def vault_failed(self, call: Call, error: Refused) -> bool:
        """Whether Telegram refused because of the vault that the call copies from: another way will do."""
        channel = call.params.get("from_chat_id")
        if channel is None:
            return False
        if any(words in error.description for words in _POST_GONE):
            self._gone[Post(channel, call.params["message_id"])] = None
            if len(self._gone) > REMEMBERED:
                self._gone.popitem(last=False)
            return True
        if any(words in error.description for words in _CHANNEL_REFUSES):
            self._vaults.leave_alone(channel)
            return True
        return False

    async def _find(self, need: Need, source: BotId, care: Care) -> str | None:
        """This bot's id of the file."""
        if source == self._bot and care is Care.PLAIN:
            metrics.MEDIA.labels("own").inc()
            return need.file.id
        key = _key(need.file, care)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        else:
            try:
                known = await self._memory.find(key)
            except RedisAway:
                known = None
            if known is not None:
                self._keep(key, known)
        metrics.MEDIA_LOOKUPS.labels("miss" if known is None else "hit").inc()
        if known is not None:
            metrics.MEDIA.labels("remembered").inc()
            return known
        if need.content.sticker_set:
            found = await self._in_set(need.content.sticker_set, key)
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

    def _suits_vault(self, need: Need) -> bool:
        """A file that is worth it, and that need not be cleaned: nobody cleans what lies there."""
        content = need.content
        return (
            need.file is content.file
            and need.file.size >= VAULT_FROM
            and content.kind in METHODS
            and care_for(need) is Care.PLAIN
            and bool(self._vaults.usable())
        )

    async def _posted(self, need: Need, source: BotId) -> tuple[Post, Use] | None:
        """Where the file lies in a vault, and room to fetch it there; None where it cannot go that way.

        Raises TelegramAway where it can go only that way, but no vault has room just now; RedisAway.
        """
        try:
            free = await self._vaults.free()
            if not free:
                raise NoRoom
            post = await self._source.post(source, need.content, free)
            if post in self._gone:
                post = await self._source.post(source, need.content, free, anew=True)
            if post is None:
                return None
            use = await self._vaults.take([post.channel])
            if use is None:
                raise NoRoom
        except NoRoom:
            if need.file.size > DOWNLOAD_LIMIT:
                raise TelegramAway("no vault channel has room just now", reached=False) from None
            return None
        return post, use

    async def _forwarded(self, need: Need, source: BotId) -> str | None:
        """This bot's id of a file that lies in a vault, from a forward inside the vault."""
        found = await self._posted(need, source)
        if found is None:
            return None
        post, use = found
        where = {"chat_id": post.channel, "from_chat_id": post.channel, "message_id": post.message}
        params = {**where, "disable_notification": True}
        try:
            message = _messages.decode(await self._call("forwardMessage", params, lane=Lane.RELAYED))
        except Refused as error:
            if self.vault_failed(Call("forwardMessage", params), error):
                raise TelegramAway("a vault refused us", reached=False) from None
            return None
        finally:
            await self._vaults.done(use)
        file_id = _id_in(message.get(need.content.kind.value))
        if file_id is not None:
            metrics.MEDIA.labels("forwarded").inc()
        return file_id

    def _learn(self, key: str, sent: object) -> list[Note]:
        file_id = _id_in(sent)
        if file_id is None or self._known.get(key) == file_id:
            return []
        self._keep(key, file_id)
        return [self._memory.note(key, file_id)]

    def _keep(self, key: str, file_id: str) -> None:
        self._known[key] = file_id
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _whole(call: Call, need: Need) -> bool:
    """Whether the message is nothing but this file, so that a copy of a post is the same."""
    return need.holder is call.params and not need.content.companions


def _key(file: File, care: Care) -> str:
    """By what a file is remembered: a clean copy is another file."""
    return _clean(file.unique_id) if care is Care.CLEAN else file.unique_id


def _clean(unique_id: str) -> str:
    return f"{unique_id} clean"


def _id_in(sent: object) -> str | None:
    """The file id of a message's field; of a photo its largest size's."""
    if isinstance(sent, list):
        sent = sent[-1] if sent else None
    found = sent.get("file_id") if isinstance(sent, dict) else None
    return found if isinstance(found, str) else None
