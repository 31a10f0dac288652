"""What was said, and how one bot is shown it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from simulator.world.actors import Bot, Json, Person
from simulator.world.files import File, FileStore
from simulator.world.identity import BotId, MessageId

if TYPE_CHECKING:
    from simulator.world.chats import Channel, PrivateChat


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a message. `sizes`: smaller versions of a photo; `extra`: fields beside the file's own."""

    kind: str
    file: File
    sizes: tuple[File, ...] = ()
    thumbnail: File | None = None
    cover: tuple[File, ...] = ()
    extra: Json = field(default_factory=dict)

    def files(self) -> tuple[File, ...]:
        return (self.file, *self.sizes, *self.cover, *((self.thumbnail,) if self.thumbnail else ()))


class Message(msgspec.Struct, eq=False):
    """One message in one chat.

    `body` holds the Bot API's own fields that are the same for every bot; files stand apart because
    each bot has its own ids of them. `author` is None for a channel's post; `by` is the bot that sent it.
    """

    id: MessageId
    chat: "PrivateChat | Channel"
    author: Person | Bot | None
    at: float
    body: Json
    attachment: Attachment | None = None
    markup: Json | None = None
    reply_to: "Message | None" = None
    by: BotId | None = None
    edited_at: float = 0.0
    edits: int = 0
    deleted: bool = False
    silent: bool = False
    pinned: bool = False
    #: Reactions by who set them: the person of the chat, or the bot.
    person_reaction: Sequence[Json] = ()
    bot_reaction: Sequence[Json] = ()

    @property
    def is_service(self) -> bool:
        """A line that Telegram wrote itself."""
        return "pinned_message" in self.body


def file_json(store: FileStore, bot: BotId, file: File) -> Json:
    """The ids and the size, which all files have."""
    return {"file_id": store.id_for(bot, file), "file_unique_id": file.unique_id, "file_size": file.size}


def _size_json(store: FileStore, bot: BotId, file: File) -> Json:
    return {**file_json(store, bot, file), "width": file.width, "height": file.height}


def attachment_json(store: FileStore, bot: BotId, attachment: Attachment) -> Json:
    """The message field or fields that carry a file."""
    file, kind = attachment.file, attachment.kind
    if kind == "photo":
        return {"photo": [_size_json(store, bot, size) for size in (*attachment.sizes, file)]}
    shown: Json = {}
    if kind in ("video", "animation", "live_photo"):
        shown |= {"width": file.width, "height": file.height, "duration": file.duration}
    elif kind == "sticker":
        shown |= {"width": file.width, "height": file.height}
    elif kind in ("audio", "voice"):
        shown["duration"] = file.duration
    elif kind == "video_note":
        shown |= {"length": file.width, "duration": file.duration}
    if file.name and kind in ("video", "animation", "audio", "document"):
        shown["file_name"] = file.name
    if file.mime and kind not in ("sticker", "video_note"):
        shown["mime_type"] = file.mime
    if kind == "audio":
        shown |= {
            key: value for key, value in (("title", file.title), ("performer", file.performer)) if value
        }
    shown |= attachment.extra
    if attachment.thumbnail is not None:
        shown["thumbnail"] = _size_json(store, bot, attachment.thumbnail)
    if attachment.cover:
        shown["cover" if kind == "video" else "photo"] = [
            _size_json(store, bot, one) for one in attachment.cover
        ]
    shown |= file_json(store, bot, file)
    if kind == "animation":
        document = {key: shown[key] for key in shown if key not in ("width", "height", "duration")}
        return {"animation": shown, "document": document}
    return {kind: shown}


def render(store: FileStore, bot: BotId, message: Message, *, nested: bool = False) -> Json:
    """The message as this bot sees it; a message inside another shows no further reply."""
    chat, author = message.chat, message.author
    shown: Json = {"message_id": message.id}
    if author is not None:
        shown["from"] = author.user_json
    else:
        shown["sender_chat"] = chat.chat_json
    shown["chat"] = chat.chat_json
    shown["date"] = int(message.at)
    if message.edited_at:
        shown["edit_date"] = int(message.edited_at)
    if message.reply_to is not None and not nested:
        shown["reply_to_message"] = render(store, bot, message.reply_to, nested=True)
    shown |= message.body
    pinned = message.body.get("pinned_message")
    if isinstance(pinned, Message):
        shown["pinned_message"] = render(store, bot, pinned, nested=True)
    if message.attachment is not None:
        shown |= attachment_json(store, bot, message.attachment)
    if message.markup is not None:
        shown["reply_markup"] = message.markup
    return shown
