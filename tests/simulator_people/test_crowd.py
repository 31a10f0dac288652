"""The chatters keep company, by a clock that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from simulator.clock import ManualClock
from simulator.people.buttons import Offer, offers
from simulator.people.crowd import Crowd
from simulator.people.gallery import Gallery
from simulator.world.actors import Bot, Person
from simulator.world.messages import Message
from simulator.world.world import World
from tests.simulator_people.toy import Toy, play


@dataclass
class Party:
    """A crowd among itself, and room for visitors."""

    clock: ManualClock
    world: World
    toy: Toy
    loaded: set[int]

    async def visitor(self, bot: int = 0) -> tuple[Person, Bot]:
        """Somebody who has said yes and may search."""
        person, home = self.world.people.create("Visitor"), list(self.world.bots.values())[bot]
        self.world.people.open(person, home)
        await play(self.clock, lambda: self.last_offer(person, home, Offer.CONSENT) is not None, 5)
        self.press(person, home, Offer.CONSENT)
        await play(self.clock, lambda: self.last_offer(person, home, Offer.FIND) is not None, 5)
        return person, home

    def last_offer(self, person: Person, bot: Bot, offer: Offer) -> tuple[Message, str] | None:
        for message in reversed(self.world.people.view(person, bot)):
            if offer in (offered := offers(message)):
                return message, offered[offer]
        return None

    def press(self, person: Person, bot: Bot, offer: Offer) -> None:
        found = self.last_offer(person, bot, offer)
        assert found is not None
        self.world.deeds.press(person, bot, found[0].id, found[1])

    def partner(self, person: Person) -> int | None:
        end = self.toy.partner.get(person.id)
        return end[0].id if end is not None else None

    async def seconds(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        await play(self.clock, lambda: self.clock.monotonic() >= end, seconds + 1)


@asynccontextmanager
async def party(count: int, bots: int = 3) -> AsyncIterator[Party]:
    clock = ManualClock()
    world = World(clock=clock)
    for _ in range(bots):
        world.create_bot()
    toy = Toy(world, clock)
    loaded: set[int] = set()
    running = asyncio.create_task(Crowd(world, Gallery(world), count, loaded).run())
    try:
        yield Party(clock, world, toy, loaded)
    finally:
        running.cancel()
        await asyncio.wait((running,))
        if not running.cancelled():
            running.result()


async def test_they_talk_with_each_other_but_never_all_of_them() -> None:
    async with party(12) as at:
        await play(at.clock, lambda: len(at.toy.partner) == 8, 60)
        for _ in range(60):
            await at.seconds(2)
            assert len(at.toy.partner) <= 8
        said = [
            message
            for person in at.world.people
            for bot in at.world.bots.values()
            for message in at.world.people.view(person, bot)
            if message.author is person and not str(message.body.get("text", "")).startswith("/")
        ]
    assert len(said) > 60
    assert {"photo", "sticker"} <= {one.attachment.kind for one in said if one.attachment}
    assert len(at.toy.pairs) > 4, "they should part and meet others"


async def test_a_lone_visitor_finds_somebody_within_seconds_and_is_answered() -> None:
    async with party(12) as at:
        await at.seconds(30)
        visitor, bot = await at.visitor()
        at.press(visitor, bot, Offer.FIND)
        await play(at.clock, lambda: at.partner(visitor) is not None, 8)
        at.world.deeds.say(visitor, bot, "Do you have any pets?")
        before = len(at.world.people.view(visitor, bot))
        await play(at.clock, lambda: len(at.world.people.view(visitor, bot)) > before, 15)


async def test_two_visitors_find_each_other() -> None:
    async with party(12) as at:
        await at.seconds(30)
        (ada, first), (bob, second) = await at.visitor(0), await at.visitor(1)
        at.press(ada, first, Offer.FIND)
        await at.seconds(6)
        at.press(bob, second, Offer.FIND)
        await play(at.clock, lambda: at.partner(ada) is not None, 8)
        assert at.partner(ada) == bob.id


async def test_every_visitor_is_served_even_when_no_chatter_is_free() -> None:
    async with party(4) as at:
        await play(at.clock, lambda: len(at.toy.partner) == 2, 60)
        visitors = []
        for number in range(4):
            visitor, bot = await at.visitor(number % 3)
            at.press(visitor, bot, Offer.FIND)
            await play(at.clock, lambda visitor=visitor: at.partner(visitor) is not None, 30)  # type: ignore[misc]
            visitors.append(visitor)
        assert len({at.partner(visitor) for visitor in visitors}) == 4


async def test_they_stay_away_while_a_load_runs() -> None:
    async with party(6) as at:
        at.loaded.add(1)
        await at.seconds(60)
        assert not at.toy.pairs
        at.loaded.clear()
        await play(at.clock, lambda: bool(at.toy.pairs), 30)


async def test_a_silent_partner_is_asked_and_then_left() -> None:
    async with party(3) as at:
        await at.seconds(5)
        visitor, bot = await at.visitor()
        at.press(visitor, bot, Offer.FIND)
        await play(at.clock, lambda: at.partner(visitor) is not None, 30)
        await play(at.clock, lambda: at.partner(visitor) is None, 240)
        texts = [str(message.body.get("text")) for message in at.world.people.view(visitor, bot)]
        assert any("still there" in text for text in texts)
