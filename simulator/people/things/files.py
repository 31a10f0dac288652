"""Files of every kind, alone and as albums. Their bytes begin like their kind's and say nothing."""

from dataclasses import replace
from typing import Final

from simulator.people import pictures
from simulator.people.things.thing import Make, Part, Thing
from simulator.world.actors import Json, Person
from simulator.world.files import Facts
from simulator.world.media import Source
from simulator.world.messages import Attachment
from simulator.world.samples import HEADS
from simulator.world.world import World

FILMS: Final = ("sea", "forest", "night", "city")
_SIZE: Final = (480, 360)


def film(world: World, kind: str, still: str, seconds: int, size: tuple[int, int] = _SIZE) -> Attachment:
    """A film with one of the photos as its thumbnail."""
    content = HEADS[kind] + bytes(40_000)
    source = Source(content, f"{still}.mp4", width=size[0], height=size[1], duration=seconds)
    return world.media.make(kind, source, Source(pictures.photo(still)))


def _photo(world: World, name: str) -> Attachment:
    return world.media.make("photo", Source(pictures.photo(name)))


def _film(kind: str, seconds: int, size: tuple[int, int], still: str) -> Make:
    return lambda world, _: [Part({}, film(world, kind, still, seconds, size))]


def _covered_film(world: World, _: Person) -> list[Part]:
    cover = _photo(world, "sunset")
    whole = film(world, "video", "sea", 60)
    return [Part({}, replace(whole, cover=(*cover.sizes, cover.file), extra={"start_timestamp": 20}))]


def _live_photo(world: World, _: Person) -> list[Part]:
    video = Source(HEADS["live_photo"] + bytes(30_000), width=_SIZE[0], height=_SIZE[1])
    return [Part({}, world.media.live_photo(video, _photo(world, "mountains")))]


def _voice(world: World, _: Person) -> list[Part]:
    return [Part({}, world.media.make("voice", Source(HEADS["voice"] + bytes(12_000), duration=6)))]


def _song(world: World, title: str, seconds: int) -> Attachment:
    content = HEADS["audio"] + bytes(90_000)
    name = f"{title.lower()}.mp3"
    source = Source(content, name, duration=seconds, title=title, performer="The Tin Roofs")
    return world.media.make("audio", source)


def _list(world: World, name: str, text: str) -> Attachment:
    return world.media.make("document", Source(text.encode(), name, "text/plain"))


def _sized(name: str, megabytes: int) -> Make:
    def make(world: World, _: Person) -> list[Part]:
        return [Part({}, world.media.made_up("document", megabytes * 1_000_000, Source(b"", name)))]

    return make


def _single_sticker(world: World, _: Person) -> list[Part]:
    """A sticker that belongs to no set."""
    width, height = pictures.STICKER_SIZE
    file = world.files.add(pictures.sticker("cool"), Facts("sticker", width=width, height=height))
    extra: Json = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "😎"}
    return [Part({}, world.media.remember(Attachment("sticker", file, extra=extra)))]


def _of_set(name: str) -> Make:
    return lambda world, _: [Part({}, world.stickers.sets[name].stickers[0])]


def _mixed_album(world: World, _: Person) -> list[Part]:
    items = [_photo(world, "sunset"), film(world, "video", "sea", 14), _photo(world, "forest")]
    return _captioned(items, ["Three", "of", "one day"])


def _ten_photos(world: World, _: Person) -> list[Part]:
    names = [pictures.PHOTOS[number % len(pictures.PHOTOS)] for number in range(10)]
    return [Part({}, _photo(world, name)) for name in names]


def _files_album(world: World, _: Person) -> list[Part]:
    lists = {"shopping.txt": "Milk, bread, apples.\n", "books.txt": "Two by Lem.\n", "plan.txt": "Rest.\n"}
    return _captioned([_list(world, name, text) for name, text in lists.items()], ["", "", "My lists"])


def _music_album(world: World, _: Person) -> list[Part]:
    return [Part({}, _song(world, title, seconds)) for title, seconds in (("Rain", 184), ("Thaw", 201))]


def _captioned(items: list[Attachment], captions: list[str]) -> list[Part]:
    return [
        Part({"caption": words} if words else {}, item) for item, words in zip(items, captions, strict=True)
    ]


THINGS: Final[dict[str, Thing]] = {
    "voice": Thing("🎤", "Voice", "Files", _voice),
    "round": Thing("⏺", "Round video", "Files", _film("video_note", 5, (240, 240), "forest")),
    "video": Thing("🎬", "Video", "Files", _film("video", 14, _SIZE, "sea")),
    "covered": Thing("🎦", "Video with cover", "Files", _covered_film),
    "gif": Thing("🎞", "GIF", "Files", _film("animation", 3, _SIZE, "night")),
    "live": Thing("📸", "Live photo", "Files", _live_photo),
    "music": Thing("🎵", "Music", "Files", lambda world, _: [Part({}, _song(world, "Rain", 184))]),
    "file": Thing(
        "📄", "File", "Files", lambda world, _: [Part({}, _list(world, "shopping.txt", "Milk, bread.\n"))]
    ),
    "big": Thing("🐘", "File of 15 MB", "Files", _sized("holiday.zip", 15)),
    "huge": Thing("🐋", "File of 30 MB", "Files", _sized("archive.zip", 30)),
    "album": Thing("🖼", "Photos and film", "Albums", _mixed_album),
    "ten": Thing("🔟", "Ten photos", "Albums", _ten_photos),
    "files": Thing("🗂", "Three files", "Albums", _files_album),
    "songs": Thing("🎶", "Two songs", "Albums", _music_album),
    "single": Thing("🏷", "Without a set", "Stickers", _single_sticker),
    "animated": Thing("🎉", "Animated", "Stickers", _of_set("SimMoves_by_sim")),
    "clip": Thing("🐈", "Video sticker", "Stickers", _of_set("SimClips_by_sim")),
}
