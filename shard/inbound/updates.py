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
    photo: tuple[PhotoSize, ...] = ()
    cover: tuple[PhotoSize, ...] = ()
    start_timestamp: int = 0


class PollOption(msgspec.Struct):
    text: str = ""
    text_entities: tuple[Entity, ...] = ()


class Poll(msgspec.Struct):
    question: str
    options: tuple[PollOption, ...] = ()
    type: str = "regular"
    is_closed: bool = False
    allows_multiple_answers: bool = False
    allows_revoting: bool = True
    question_entities: tuple[Entity, ...] = ()
    correct_option_ids: tuple[int, ...] = ()
    correct_option_id: int | None = None
    explanation: str = ""
    explanation_entities: tuple[Entity, ...] = ()
    description: str = ""
    description_entities: tuple[Entity, ...] = ()
    open_period: int = 0


class Dice(msgspec.Struct):
    emoji: str
    value: int


class Location(msgspec.Struct):
    latitude: float
    longitude: float
    horizontal_accuracy: float = 0.0
    live_period: int = 0
    heading: int = 0
    proximity_alert_radius: int = 0


class Venue(msgspec.Struct):
    location: Location
    title: str = ""
    address: str = ""
    foursquare_id: str = ""
    foursquare_type: str = ""
    google_place_id: str = ""
    google_place_type: str = ""


class Contact(msgspec.Struct):
    phone_number: str
    first_name: str = ""
    last_name: str = ""


class Replied(msgspec.Struct):
    """The message that is replied to: which one, and whether the person wrote it."""

    message_id: MessageId
    from_: User | None = msgspec.field(default=None, name="from")


class Quote(msgspec.Struct):
    text: str = ""
    position: int = 0
    entities: tuple[Entity, ...] = ()


class Message(msgspec.Struct):
    message_id: MessageId
    chat: Chat
    date: int = 0
    edit_date: int = 0
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
    live_photo: FileLike | None = None
    poll: Poll | None = None
    dice: Dice | None = None
    venue: Venue | None = None
    location: Location | None = None
    contact: Contact | None = None


class Reaction(msgspec.Struct):
    """Any kind of reaction; a paid one has neither field."""

    type: str = ""
    emoji: str = ""
    custom_emoji_id: str = ""


class Reacted(msgspec.Struct):
    chat: Chat
    message_id: MessageId
    date: int = 0
    new_reaction: tuple[Reaction, ...] = ()


class CallbackQuery(msgspec.Struct):
    """A pressed button. `message` is the one that it is under, undecoded."""

    id: str
    from_: User = msgspec.field(name="from")
    data: str = ""
    message: msgspec.Raw = msgspec.Raw()


class Asked(msgspec.Struct):
    """A question of ours, as an answer to a message of the person's."""

    reply_to_message: Message | None = None


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
    edited_message: Message | None = None
    message_reaction: Reacted | None = None

    @property
    def written(self) -> int:
        """When Telegram took what is to reach the partner, in seconds by its clock; 0 where unsaid."""
        if self.message is not None:
            return self.message.date
        if self.edited_message is not None:
            return self.edited_message.edit_date
        return self.message_reaction.date if self.message_reaction is not None else 0

    def person(self) -> PersonId | None:
        """Whose update it is; None where it does not come from a private chat."""
        if self.callback_query is not None:
            return self.callback_query.from_.id
        of = self.message or self.edited_message or self.message_reaction or self.my_chat_member
        return of.chat.id if of is not None and of.chat.type == "private" else None


class Bare(msgspec.Struct):
    """The least of a message: whose it is, and which."""

    message_id: MessageId
    chat: Chat


class BareUpdate(msgspec.Struct):
    """An update whose content cannot be read: enough to tell its sender so."""

    update_id: UpdateId
    message: Bare | None = None


class Answer(msgspec.Struct):
    """A message with the whole of what it replies to."""

    reply_to_message: Message | None = None


class AnswerUpdate(msgspec.Struct):
    """An update of a message that may reply to another."""

    message: Answer


class Numbered(msgspec.Struct):
    """The least that an update is: its number."""

    update_id: UpdateId


class Fields(msgspec.Struct):
    """A message's fields by name, undecoded."""

    message: dict[str, msgspec.Raw] = {}


ALLOWED_UPDATES = ("message", "edited_message", "message_reaction", "callback_query", "my_chat_member")

batches = msgspec.json.Decoder(list[msgspec.Raw])
updates = msgspec.json.Decoder(Update)
numbers = msgspec.json.Decoder(Numbered)
bare_updates = msgspec.json.Decoder(BareUpdate)
answers = msgspec.json.Decoder(AnswerUpdate)
fields = msgspec.json.Decoder(Fields)
questions = msgspec.json.Decoder(Asked)
