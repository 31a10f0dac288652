"""What the control API takes, as records; a field that is unknown or of another type is refused."""

from typing import Any

import msgspec


class _Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """No field but those that are named."""


class NewBot(_Strict):
    name: str = ""
    username: str = ""


class NewBots(_Strict):
    """`count` bots with made-up names, and the `named` ones."""

    count: int = 0
    named: list[NewBot] = []


class NewPeople(_Strict):
    """`count` people. `refuses`: what bots may not send them (`voice`, `video_note`, `forwards`)."""

    count: int = 1
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language: str = "en"
    premium: bool = False
    refuses: list[str] = []


class MediaSpec(_Strict):
    """A file to send: made up (`size` bytes), given (`data`, Base64), from a set, or one already known.

    `kind`: photo, video, animation, audio, voice, video_note, document, sticker, live_photo.
    """

    kind: str
    size: int = 0
    data: str = ""
    sticker_set: str = ""
    index: int = 0
    unique_id: str = ""
    name: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""
    thumbnail: bool = False
    caption: str = ""
    entities: list[dict[str, Any]] = []
    spoiler: bool = False
    caption_above: bool = False


class PollSpec(_Strict):
    question: str
    options: list[str]
    fields: dict[str, Any] = {}


class Send(_Strict):
    """What a person sends: one of `start` (a payload, may be empty), `text`, `media`, `album`, `poll`, `dice`
    (an emoji) or `body` (any fields of a Bot API message).
    """

    person: int
    bot: int | str
    start: str | None = None
    text: str | None = None
    entities: list[dict[str, Any]] = []
    media: MediaSpec | None = None
    album: list[MediaSpec] = []
    poll: PollSpec | None = None
    dice: str = ""
    body: dict[str, Any] | None = None
    reply_to: int | None = None
    quote: str = ""
    extra: dict[str, Any] = {}


class Press(_Strict):
    """A button: of a message, by `data` or `text`; without `message_id` of the keyboard, by `text`."""

    person: int
    bot: int | str
    message_id: int | None = None
    data: str = ""
    text: str = ""


class Edit(_Strict):
    person: int
    bot: int | str
    message_id: int
    text: str | None = None
    entities: list[dict[str, Any]] = []
    media: MediaSpec | None = None


class React(_Strict):
    """`emoji` is short for one reaction of that kind; neither takes the reaction away."""

    person: int
    bot: int | str
    message_id: int
    emoji: str = ""
    reaction: list[dict[str, Any]] = []


class Vote(_Strict):
    person: int
    bot: int | str
    message_id: int
    options: list[int] = []


class Delete(_Strict):
    person: int
    bot: int | str
    message_ids: list[int]


class Pair(_Strict):
    """A person and a bot."""

    person: int
    bot: int | str


class OnePerson(_Strict):
    person: int


class OneBot(_Strict):
    bot: int | str


class Freeze(_Strict):
    bot: int | str
    frozen: bool = True


class NewChannel(_Strict):
    """`bots` become administrators; `readers` are members that may not post."""

    title: str
    username: str = ""
    bots: list[int | str] = []
    readers: list[int | str] = []
    protected: bool = False


class NewStickerSet(_Strict):
    """A made-up sticker for each emoji. `kind`: regular, custom_emoji; `form`: static, animated, video."""

    name: str
    emoji: list[str]
    title: str = ""
    kind: str = "regular"
    form: str = "static"


class Limits(_Strict):
    """Limits to set; what is left out stays. With `bot` only that bot's cap is set."""

    bot: int | str | None = None
    cap: int | None = None
    bot_period: float | None = None
    chat_rate: float | None = None
    chat_burst: float | None = None
    channel: int | None = None
    channel_period: float | None = None
    hold: float | None = None
    hold_action: float | None = None
    lengthen: float | None = None
    new_tokens: int | None = None
    paid: int | None = None
    enforced: bool | None = None
