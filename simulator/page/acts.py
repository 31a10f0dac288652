"""What one does on a phone of the page, as deeds of a person in the world."""

from collections.abc import Callable
from typing import Final

from simulator.clock import sleep
from simulator.errors import ControlError
from simulator.page.act import Act
from simulator.page.audience import Audience
from simulator.page.changing import Changing
from simulator.page.sending import Sending
from simulator.people.gallery import Gallery
from simulator.world.actors import Bot, Json, Person
from simulator.world.callbacks import Tap
from simulator.world.messages import Message
from simulator.world.world import World

_ANSWER_WITHIN: Final = 12.0
_LOOK_EVERY: Final = 0.05
_VOICES: Final = frozenset(("voice", "video_note"))


class Acts:
    """Does what the page asks for, in the name of its people; ControlError says why something cannot be."""

    def __init__(self, world: World, gallery: Gallery, audience: Audience) -> None:
        self._world = world
        self._audience = audience
        sending = Sending(world, gallery)
        changing = Changing(world, sending)
        self._deeds: dict[str, Callable[[Person, Bot, Act], Message | None]] = {
            "open": lambda person, bot, act: world.people.open(person, bot, act.payload),
            "block": lambda person, bot, _: world.people.block(person, bot),
            "unblock": lambda person, bot, _: world.people.unblock(person, bot),
            "voices": self._voices,
            "key": self._key,
            **{
                deed.__name__: deed
                for deed in (
                    sending.say,
                    sending.photos,
                    sending.files,
                    sending.sticker,
                    sending.thing,
                    sending.again,
                    sending.forward,
                    sending.pin,
                    changing.edit,
                    changing.replace,
                    changing.react,
                    changing.vote,
                    changing.delete,
                    changing.move,
                    changing.stop,
                )
            },
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

    def _voices(self, person: Person, _bot: Bot, _act: Act) -> None:
        """Turns around whether the person takes voice and video messages."""
        person.refuses = person.refuses - _VOICES if person.refuses & _VOICES else person.refuses | _VOICES

    def _key(self, person: Person, bot: Bot, act: Act) -> None:
        self._world.deeds.press(person, bot, None, act.text)

    async def _press(self, person: Person, bot: Bot, act: Act) -> Json:
        tap = self._world.deeds.press(person, bot, act.message, act.data)
        if not isinstance(tap, Tap):
            return {}
        clock = self._world.clock
        until = clock.monotonic() + _ANSWER_WITHIN
        while tap.answer is None and clock.monotonic() < until:
            await sleep(clock, _LOOK_EVERY)
        return {"toast": tap.answer or "", "alert": tap.alert}
