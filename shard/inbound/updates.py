"""A Telegram update, as far as the hot path reads it. Field names are Telegram's.

Everything else of an update stays undecoded; an update with parts nobody has heard of is read
all the same. Handlers of commands and buttons get the raw update instead (aiogram).
"""

import msgspec

from core.domain.content import Entity, LinkPreview
from core.domain.ids import MessageId, PersonId, UpdateId


class User(msgspec.Struct):
    id: PersonId
    is_bot: bool = False


class Chat(msgspec.Struct):
    id: PersonId
    type: str = "private"


class PhotoSize(msgspec.Struct):
    file_id: str
    file_unique_id: str
    width: int = 0
    height: int = 0
    file_size: int = 0


class FileLike(msgspec.Struct):
    """Any of Telegram's file objects; each has some of these fields."""

    file_id: str
    file_unique_id: str
    file_size: int = 0
    file_name: str = ""
    mime_type: str = ""
    duration: int = 0
    width: int = 0
    height: int = 0
    length: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""
    set_name: str = ""
    is_animated: bool = False
    is_video: bool = False
    thumbnail: PhotoSize | None = None


class Replied(msgspec.Struct):
    """The message that is replied to: which one, and whether the person wrote it."""

    message_id: MessageId
    from_: User | None = msgspec.field(default=None, name="from")


class Quote(msgspec.Struct):
    text: str = ""
    position: int = 0


class Message(msgspec.Struct):
    message_id: MessageId
    chat: Chat
    from_: User | None = msgspec.field(default=None, name="from")
    text: str | None = None
    entities: tuple[Entity, ...] = ()
    caption: str = ""
    caption_entities: tuple[Entity, ...] = ()
    link_preview_options: LinkPreview | None = None
    reply_to_message: Replied | None = None
    quote: Quote | None = None
    effect_id: str | None = None
    has_protected_content: bool = False
    has_media_spoiler: bool = False
    show_caption_above_media: bool = False
    media_group_id: str = ""
    photo: tuple[PhotoSize, ...] = ()
    video: FileLike | None = None
    animation: FileLike | None = None
    voice: FileLike | None = None
    video_note: FileLike | None = None
    audio: FileLike | None = None
    document: FileLike | None = None
    sticker: FileLike | None = None


class CallbackQuery(msgspec.Struct):
    id: str
    from_: User = msgspec.field(name="from")
    data: str = ""


class Member(msgspec.Struct):
    status: str = ""


class MemberUpdated(msgspec.Struct):
    chat: Chat
    new_chat_member: Member


class Update(msgspec.Struct):
    update_id: UpdateId
    message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: MemberUpdated | None = None

    def person(self) -> PersonId | None:
        """Whose update it is; None where it does not come from a private chat."""
        if self.message is not None:
            return self.message.chat.id if self.message.chat.type == "private" else None
        if self.callback_query is not None:
            return self.callback_query.from_.id
        if self.my_chat_member is not None:
            return self.my_chat_member.chat.id if self.my_chat_member.chat.type == "private" else None
        return None


class Numbered(msgspec.Struct):
    """The least that an update is: its number."""

    update_id: UpdateId


ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")

batches = msgspec.json.Decoder(list[msgspec.Raw])
updates = msgspec.json.Decoder(Update)
numbers = msgspec.json.Decoder(Numbered)
