"""Polls, dice, places, contacts."""

from typing import Final

from simulator.people.things.thing import Part, Thing, fixed
from simulator.world.actors import Json, Person
from simulator.world.world import World

HERE: Final[Json] = {"latitude": 48.2082, "longitude": 16.3738}
_CAFE: Final[Json] = {"latitude": 48.2039, "longitude": 16.3617}
_VENUE: Final[Json] = {"location": _CAFE, "title": "Café by the park", "address": "Main street 7"}
_HEARTS: Final = ["Five", "Three", "One"]
_WHY: Final = "Two for the gills, one for all the rest."
#: What Telegram throws when the emoji is sent alone, and how many sides it has.
DICE: Final = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}


def thrown(world: World, emoji: str) -> Json:
    """The fields of a message that throws it."""
    return {"dice": {"emoji": emoji, "value": world.throw(DICE[emoji])}}


def _poll(world: World, _: Person) -> list[Part]:
    return [Part({"poll": world.polls.create("Tea or coffee?", ["Tea", "Coffee", "Neither"])})]


def _quiz(world: World, _: Person) -> list[Part]:
    fields: Json = {"type": "quiz", "correct_option_ids": [1], "allows_revoting": False, "explanation": _WHY}
    return [Part({"poll": world.polls.create("How many hearts has an octopus?", _HEARTS, fields=fields)})]


def _secret_quiz(world: World, _: Person) -> list[Part]:
    """As Telegram shows somebody else's quiz: without its answer."""
    return [Part({"poll": world.polls.create("How many hearts has it?", _HEARTS, fields={"type": "quiz"})})]


def _contact(_: World, person: Person) -> list[Part]:
    card = {"phone_number": person.phone, "first_name": person.first_name, "user_id": person.id}
    return [Part({"contact": card})]


THINGS: Final[dict[str, Thing]] = {
    "poll": Thing("📊", "Poll", "Polls and dice", _poll),
    "quiz": Thing("🎓", "Quiz", "Polls and dice", _quiz),
    "secret": Thing("🙈", "Someone's quiz", "Polls and dice", _secret_quiz),
    "dice": Thing("🎲", "Dice", "Polls and dice", lambda world, _: [Part(thrown(world, "🎲"))]),
    "slots": Thing("🎰", "Slot machine", "Polls and dice", lambda world, _: [Part(thrown(world, "🎰"))]),
    "location": Thing("📍", "Location", "Places and people", fixed({"location": HERE})),
    "moving": Thing(
        "🛰", "Live location", "Places and people", fixed({"location": {**HERE, "live_period": 900}})
    ),
    "venue": Thing("☕", "Place", "Places and people", fixed({"venue": _VENUE, "location": _CAFE})),
    "contact": Thing("👤", "My contact", "Places and people", _contact),
}
