"""What one does on a phone of the page, as deeds of a person in the world."""

from collections.abc import Callable
from typing import Final

import msgspec

from simulator.clock import sleep
from simulator.errors import ControlError
from simulator.page.audience import Audience
from simulator.people.gallery import Gallery
from simulator.world.actors import Bot, Json, Person
from simulator.world.callbacks import Tap
from simulator.world.identity import MessageId
from simulator.world.messages import Message
from simulator.world.world import World

_ANSWER_WITHIN: Final = 12.0
_LOOK_EVERY: Final = 0.05


class Act(msgspec.Struct, frozen=True):
    """One press or line of a person. Which fields count depends on `deed`."""

    person: int
    bot: int
    deed: str
    text: str = ""
    entities: list[Json] = []
    message: int | None = None
    reply_to: int | None = None
    quote: str = ""
    name: str = ""
    names: list[str] = []
    hidden: bool = False
    data: str = ""
    emoji: str = ""
    options: list[int] = []
    payload: str = ""


class Acts:
    """Does what the page asks for, in the name of its people; ControlError says why something cannot be."""

    def __init__(self, world: World, gallery: Gallery, audience: Audience) -> None:
        self._world = world
        self._gallery = gallery
        self._audience = audience
        self._deeds: dict[str, Callable[[Person, Bot, Act], Message | None]] = {
            "open": lambda person, bot, act: world.people.open(person, bot, act.payload),
            "say": self._say,
            "photos": self._photos,
            "sticker": self._sticker,
            "thing": self._thing,
            "key": self._key,
            "edit": self._edit,
            "replace": self._replace,
            "react": self._react,
            "delete": self._delete,
            "vote": lambda person, bot, act: world.deeds.vote(person, bot, _target(act), act.options),
            "block": lambda person, bot, _: world.people.block(person, bot),
            "unblock": lambda person, bot, _: world.people.unblock(person, bot),
        }

    async def do(self, act: Act) -> Json:
        """The answer is empty, but for a press: `toast` and `alert` when the bot showed something."""
        person, bot = self._world.people.find(act.person), self._world.bot(act.bot)
        if act.deed == "press":
            return await self._press(person, bot, act)
        deed = self._deeds.get(act.deed)
        if deed is None:
            raise ControlError(
                f"nobody can {act.deed!r}: it is one of {', '.join(sorted(self._deeds))}, press"
            )
        self._audience.changed(person, bot, deed(person, bot, act))
        return {}

    def upload(self, person: Person, bot: Bot, content: bytes, name: str, mime: str) -> None:
        """Sends somebody's own file."""
        self._world.deeds.attach(person, bot, self._gallery.upload(content, name, mime))

    def _say(self, person: Person, bot: Bot, act: Act) -> None:
        self._world.deeds.say(person, bot, act.text, act.entities, reply_to=act.reply_to, quote=act.quote)

    def _photos(self, person: Person, bot: Bot, act: Act) -> None:
        extra: Json = {"has_media_spoiler": True} if act.hidden else {}
        photos = [self._gallery.photo(name) for name in act.names]
        if len(photos) == 1:
            self._world.deeds.attach(
                person, bot, photos[0], act.text, act.entities, reply_to=act.reply_to, extra=extra
            )
        else:
            items = [(photo, "" if index else act.text) for index, photo in enumerate(photos)]
            self._world.deeds.album(person, bot, items, reply_to=act.reply_to)

    def _sticker(self, person: Person, bot: Bot, act: Act) -> None:
        self._world.deeds.attach(person, bot, self._gallery.sticker(act.name), reply_to=act.reply_to)

    def _thing(self, person: Person, bot: Bot, act: Act) -> None:
        body, attachment = self._gallery.thing(act.name)
        self._world.deeds.put(person, bot, body, attachment, reply_to=act.reply_to)

    def _key(self, person: Person, bot: Bot, act: Act) -> None:
        self._world.deeds.press(person, bot, None, act.text)

    def _edit(self, person: Person, bot: Bot, act: Act) -> Message:
        return self._world.deeds.edit(person, bot, _target(act), text=act.text, entities=act.entities)

    def _replace(self, person: Person, bot: Bot, act: Act) -> Message:
        return self._world.deeds.edit(person, bot, _target(act), attachment=self._gallery.photo(act.name))

    def _react(self, person: Person, bot: Bot, act: Act) -> Message:
        reaction: list[Json] = [{"type": "emoji", "emoji": act.emoji}] if act.emoji else []
        return self._world.deeds.react(person, bot, _target(act), reaction)

    def _delete(self, person: Person, bot: Bot, act: Act) -> Message:
        self._world.deeds.delete(person, bot, [_target(act)])
        return self._world.private(bot, person).messages[_target(act)]

    async def _press(self, person: Person, bot: Bot, act: Act) -> Json:
        tap = self._world.deeds.press(person, bot, act.message, act.data)
        if not isinstance(tap, Tap):
            return {}
        clock = self._world.clock
        until = clock.monotonic() + _ANSWER_WITHIN
        while tap.answer is None and clock.monotonic() < until:
            await sleep(clock, _LOOK_EVERY)
        return {"toast": tap.answer or "", "alert": tap.alert}


def _target(act: Act) -> MessageId:
    if act.message is None:
        raise ControlError(f"{act.deed} needs a message")
    return MessageId(act.message)
