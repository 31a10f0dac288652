"""What a person does on the page to a message that is there."""

from typing import Final

from simulator.errors import ControlError
from simulator.page.act import Act
from simulator.page.sending import Sending
from simulator.world.actors import Bot, Json, Person
from simulator.world.messages import Message
from simulator.world.world import World

#: How far a live location moves at a press, in degrees: a few streets.
_STEP: Final = 0.0035


class Changing:
    """Each deed gives back the message that it changed; ControlError says why it cannot be."""

    def __init__(self, world: World, sending: Sending) -> None:
        self._world = world
        self._sending = sending

    def edit(self, person: Person, bot: Bot, act: Act) -> Message:
        """Its text or caption."""
        return self._world.deeds.edit(person, bot, act.target(), text=act.text, entities=act.entities)

    def replace(self, person: Person, bot: Bot, act: Act) -> Message:
        """Another picture in its place, and another caption where there is one."""
        return self._world.deeds.edit(
            person,
            bot,
            act.target(),
            text=act.text or None,
            entities=act.entities,
            attachment=self._sending.picture(act.name),
        )

    def react(self, person: Person, bot: Bot, act: Act) -> Message:
        reaction: list[Json] = [{"type": "emoji", "emoji": act.emoji}] if act.emoji else []
        return self._world.deeds.react(person, bot, act.target(), reaction)

    def vote(self, person: Person, bot: Bot, act: Act) -> Message:
        return self._world.deeds.vote(person, bot, act.target(), act.options)

    def delete(self, person: Person, bot: Bot, act: Act) -> Message:
        message = self._world.deeds.find(person, bot, act.target())
        self._world.deeds.delete(person, bot, [message.id])
        return message

    def move(self, person: Person, bot: Bot, act: Act) -> Message:
        """Goes on with an own live location."""
        place = self._live(person, bot, act)
        moved = {"latitude": place["latitude"] + _STEP, "longitude": place["longitude"] + _STEP}
        return self._relocate(person, bot, act, place | moved)

    def stop(self, person: Person, bot: Bot, act: Act) -> Message:
        """Ends an own live location where it is."""
        place = self._live(person, bot, act)
        return self._relocate(person, bot, act, {key: place[key] for key in ("latitude", "longitude")})

    def _live(self, person: Person, bot: Bot, act: Act) -> Json:
        message = self._world.deeds.find(person, bot, act.target())
        place: Json = message.body.get("location") or {}
        if message.author is not person or "live_period" not in place:
            raise ControlError("this is not a live location of your own, or it has ended")
        return place

    def _relocate(self, person: Person, bot: Bot, act: Act, place: Json) -> Message:
        message = self._world.deeds.find(person, bot, act.target())
        message.body = message.body | {"location": place}
        return self._world.deeds.edit(person, bot, message.id)
