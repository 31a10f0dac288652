"""What a message says, freed of who said it.

These records are built from a Telegram update field by field, so that nothing crosses that is
not named here. Files are referred to by the id that the *source* bot knows (`file_id`) and by
the one that every bot knows (`unique_id`).
"""

from enum import StrEnum

import msgspec


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stretch of formatted text; offset and length in UTF-16 code units.

    Same names as Telegram's. There is no `user`: a text_mention would name a person.
    """

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    custom_emoji_id: str | None = None
    unix_time: int | None = None
    date_time_format: str | None = None


class LinkPreview(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a link is shown; Telegram's LinkPreviewOptions."""

    is_disabled: bool | None = None
    url: str | None = None
    prefer_small_media: bool | None = None
    prefer_large_media: bool | None = None
    show_above_text: bool | None = None


class MediaKind(StrEnum):
    """A kind of file, by the name of Telegram's parameter."""

    PHOTO = "photo"
    VIDEO = "video"
    ANIMATION = "animation"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LIVE_PHOTO = "live_photo"


class Text(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """A text message."""

    text: str
    entities: tuple[Entity, ...] = ()
    preview: LinkPreview | None = None


class File(msgspec.Struct, frozen=True, array_like=True):
    """A file as the source bot knows it. `size` in bytes, 0 where Telegram does not say."""

    id: str
    unique_id: str
    size: int = 0
    name: str = ""
    mime: str = ""


class Media(msgspec.Struct, frozen=True, array_like=True, tag="m"):
    """One file with what is said about it. Durations in seconds, lengths in pixels, 0 = unknown.

    `as_is`: its sender has been told that it may name them, and wants it sent.
    """

    kind: MediaKind
    file: File
    caption: str = ""
    entities: tuple[Entity, ...] = ()
    spoiler: bool = False
    caption_above: bool = False
    duration: int = 0
    width: int = 0
    height: int = 0
    title: str = ""
    performer: str = ""
    sticker_set: str = ""
    emoji: str = ""
    sticker_format: str = ""
    thumbnail: File | None = None
    album: str = ""
    still: File | None = None
    cover: File | None = None
    start: int = 0
    as_is: bool = False

    @property
    def companions(self) -> tuple[tuple[str, File], ...]:
        """Pictures that are sent with the file, by Telegram's names of their parameters."""
        pairs = (("photo", self.still), ("cover", self.cover))
        return tuple((name, file) for name, file in pairs if file is not None)


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """One option of a poll."""

    text: str
    entities: tuple[Entity, ...] = ()


class Poll(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """A poll, or a quiz where `correct` says which options are right. Who voted stays behind."""

    question: str
    options: tuple[Choice, ...]
    entities: tuple[Entity, ...] = ()
    multiple: bool = False
    revoting: bool = True
    correct: tuple[int, ...] = ()
    explanation: str = ""
    explanation_entities: tuple[Entity, ...] = ()
    description: str = ""
    description_entities: tuple[Entity, ...] = ()
    open_period: int = 0
    closed: bool = False


class Dice(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """A throw. No bot can throw a given value, so the recipient is told it in words."""

    emoji: str
    value: int


class Location(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """A place in degrees; `live_period` in seconds, 0 where it stands still."""

    latitude: float
    longitude: float
    accuracy: float = 0.0
    live_period: int = 0
    heading: int = 0
    alert_radius: int = 0


class Venue(msgspec.Struct, frozen=True, array_like=True, tag="v"):
    """A place with a name."""

    latitude: float
    longitude: float
    title: str
    address: str
    foursquare_id: str = ""
    foursquare_type: str = ""
    google_place_id: str = ""
    google_place_type: str = ""


class Contact(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """A telephone number with a name. Crosses only after its sender was asked; the account stays behind."""

    phone_number: str
    first_name: str
    last_name: str = ""


Content = Text | Media | Poll | Dice | Location | Venue | Contact
