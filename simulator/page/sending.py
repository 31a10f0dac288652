"""What a person sends from the page: texts, pictures, stickers, own files and everything else."""

from simulator.errors import ControlError
from simulator.page.act import Act
from simulator.people.gallery import Gallery
from simulator.people.things.places import DICE, thrown
from simulator.world.actors import Bot, Json, Person
from simulator.world.messages import Attachment, Message
from simulator.world.world import World

#: What stays behind when a message is forwarded.
_LEFT = frozenset(("quote", "effect_id", "media_group_id", "reply_markup"))
_FILM = "film:"


class Sending:
    """Each deed sends something new; ControlError says why it cannot be."""

    def __init__(self, world: World, gallery: Gallery) -> None:
        self._world = world
        self._gallery = gallery

    def say(self, person: Person, bot: Bot, act: Act) -> None:
        """A text; an emoji that Telegram throws is thrown when it stands alone."""
        emoji = act.text.strip().rstrip("\ufe0f")
        if emoji in DICE:
            self._put(person, bot, act, thrown(self._world, emoji))
            return
        self._world.deeds.say(
            person,
            bot,
            act.text,
            act.entities,
            reply_to=act.reply_to,
            quote=act.quote,
            quote_at=act.quote_at,
            extra=act.extra(),
        )

    def photos(self, person: Person, bot: Bot, act: Act) -> None:
        """Photos and films of the tray: one, or an album."""
        extra: Json = {"has_media_spoiler": True} if act.hidden else {}
        if act.above and act.text:
            extra["show_caption_above_media"] = True
        self._attach(person, bot, act, [self.picture(name) for name in act.names], extra)

    def picture(self, name: str) -> Attachment:
        """A photo, or a film where the name says so."""
        if name.startswith(_FILM):
            return self._gallery.film(name.removeprefix(_FILM))
        return self._gallery.photo(name)

    def files(self, person: Person, bot: Bot, act: Act) -> None:
        """Own files that were uploaded before, by their unique ids; several are one album."""
        found = [self._uploaded(name) for name in act.names]
        kinds = {one.kind for one in found}
        if len(found) > 1 and len(kinds) > 1 and not kinds <= {"photo", "video"}:
            raise ControlError("an album holds photos and videos, or music only, or files only")
        self._attach(person, bot, act, found, {})

    def _uploaded(self, unique_id: str) -> Attachment:
        file = self._world.files.by_unique(unique_id)
        found = None if file is None else self._world.media.of(file)
        if found is None:
            raise ControlError("the file has not arrived here: choose it again")
        return found

    def _attach(self, person: Person, bot: Bot, act: Act, found: list[Attachment], extra: Json) -> None:
        whole = extra | act.extra()
        if len(found) == 1:
            self._world.deeds.attach(
                person,
                bot,
                found[0],
                act.text,
                act.entities,
                reply_to=act.reply_to,
                quote=act.quote,
                quote_at=act.quote_at,
                extra=whole,
            )
            return
        items = [(one, "" if number else act.text) for number, one in enumerate(found)]
        self._world.deeds.album(
            person,
            bot,
            items,
            act.entities,
            reply_to=act.reply_to,
            quote=act.quote,
            quote_at=act.quote_at,
            extra=whole,
        )

    def sticker(self, person: Person, bot: Bot, act: Act) -> None:
        self._put(person, bot, act, {}, self._gallery.sticker(act.name))

    def thing(self, person: Person, bot: Bot, act: Act) -> None:
        """One of the things; several parts are one album."""
        parts = self._gallery.thing(act.name, person)
        group = {"media_group_id": self._world.next_album()} if len(parts) > 1 else {}
        for part in parts:
            self._put(person, bot, act, part.body | group, part.attachment)

    def again(self, person: Person, bot: Bot, act: Act) -> None:
        """The same once more, the very same file."""
        body, attachment = self._content(person, bot, act)
        self._put(person, bot, act, body, attachment)

    def forward(self, person: Person, bot: Bot, act: Act) -> None:
        """A message of this chat, into this chat, with the header that tells where it is from."""
        body, attachment = self._content(person, bot, act)
        message = self._world.private(bot, person).messages[act.target()]
        author = person if message.author is person else bot
        origin = {"type": "user", "sender_user": author.user_json, "date": int(message.at)}
        self._put(person, bot, act, {"forward_origin": origin} | body, attachment)

    def pin(self, person: Person, bot: Bot, act: Act) -> None:
        """Pins a message: the bot hears of it as of a message."""
        self._put(person, bot, act, {"pinned_message": self._world.deeds.find(person, bot, act.target())})

    def _content(self, person: Person, bot: Bot, act: Act) -> tuple[Json, Attachment | None]:
        message = self._world.deeds.find(person, bot, act.target())
        if message.body.get("has_protected_content"):
            raise ControlError("this message is protected: it can be neither copied nor forwarded")
        return {key: value for key, value in message.body.items() if key not in _LEFT}, message.attachment

    def _put(
        self, person: Person, bot: Bot, act: Act, body: Json, attachment: Attachment | None = None
    ) -> Message:
        return self._world.deeds.put(
            person,
            bot,
            body | act.extra(),
            attachment,
            reply_to=act.reply_to,
            quote=act.quote,
            quote_at=act.quote_at,
        )
