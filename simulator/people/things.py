"""Everything else one can send from the page with one press: files of each kind, polls, places and so on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.people import pictures
from simulator.world.actors import Json
from simulator.world.media import Source
from simulator.world.messages import Attachment
from simulator.world.samples import HEADS
from simulator.world.world import World

Made = tuple[Json, Attachment | None]


@dataclass(frozen=True, slots=True)
class Thing:
    """`sign` and `words` stand on its button; `make` gives the fields of the message and perhaps a file."""

    sign: str
    words: str
    make: Callable[[World], Made]


def _film(kind: str, seconds: int, size: tuple[int, int], still: str) -> Callable[[World], Made]:
    """A film with one of the photos as its thumbnail. Its bytes begin like a film's and say nothing."""

    def make(world: World) -> Made:
        content = HEADS[kind] + bytes(40_000)
        source = Source(content, f"{still}.mp4", width=size[0], height=size[1], duration=seconds)
        return {}, world.media.make(kind, source, Source(pictures.photo(still)))

    return make


def _voice(world: World) -> Made:
    return {}, world.media.make("voice", Source(HEADS["voice"] + bytes(12_000), duration=6))


def _music(world: World) -> Made:
    source = Source(
        HEADS["audio"] + bytes(90_000), "rain.mp3", duration=184, title="Rain", performer="The Tin Roofs"
    )
    return {}, world.media.make("audio", source)


def _file(world: World) -> Made:
    return {}, world.media.make("document", Source(b"Milk, bread, apples.\n", "shopping.txt", "text/plain"))


def _poll(world: World) -> Made:
    return {"poll": world.polls.create("Tea or coffee?", ["Tea", "Coffee", "Neither"])}, None


def _quiz(world: World) -> Made:
    fields: Json = {"type": "quiz", "correct_option_ids": [1], "allows_revoting": False}
    options = ["Five", "Three", "One"]
    return {"poll": world.polls.create("How many hearts has an octopus?", options, fields=fields)}, None


def _dice(world: World) -> Made:
    return {"dice": {"emoji": "🎲", "value": world.throw(6)}}, None


def _location(_: World) -> Made:
    return {"location": {"latitude": 48.2082, "longitude": 16.3738}}, None


def _venue(_: World) -> Made:
    place = {"latitude": 48.2039, "longitude": 16.3617}
    return {
        "venue": {"location": place, "title": "Café by the park", "address": "Main street 7"},
        "location": place,
    }, None


def _contact(_: World) -> Made:
    return {"contact": {"phone_number": "+999000000001", "first_name": "A", "last_name": "Friend"}}, None


THINGS: Final[dict[str, Thing]] = {
    "voice": Thing("🎤", "Voice", _voice),
    "video": Thing("🎬", "Video", _film("video", 14, (480, 360), "sea")),
    "round": Thing("⏺", "Round video", _film("video_note", 5, (240, 240), "forest")),
    "gif": Thing("🎞", "GIF", _film("animation", 3, (480, 360), "night")),
    "music": Thing("🎵", "Music", _music),
    "file": Thing("📄", "File", _file),
    "poll": Thing("📊", "Poll", _poll),
    "quiz": Thing("🎓", "Quiz", _quiz),
    "dice": Thing("🎲", "Dice", _dice),
    "location": Thing("📍", "Location", _location),
    "venue": Thing("☕", "Place", _venue),
    "contact": Thing("👤", "Contact", _contact),
}
