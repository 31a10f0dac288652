"""What virtual people and the page's two people have at hand to send."""

from collections.abc import Collection

from simulator.errors import ControlError
from simulator.people import pictures
from simulator.people.things import THINGS, Part
from simulator.people.things.files import FILMS, film
from simulator.world.actors import Person
from simulator.world.files import Facts
from simulator.world.media import Source
from simulator.world.messages import Attachment
from simulator.world.stickers import StickerSet
from simulator.world.world import World


class Gallery:
    """Attachments made from the painted pictures. The stickers form a set that every bot can look up."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stickers: dict[str, Attachment] = {}

    def photo(self, name: str) -> Attachment:
        """The photo of this name, as a file that is new to Telegram; ControlError for another name."""
        _known(name, pictures.PHOTOS)
        return self._world.media.make("photo", Source(pictures.photo(name)))

    def sticker(self, name: str) -> Attachment:
        """The sticker of this name, from the set; ControlError for another name."""
        _known(name, pictures.STICKERS)
        if not self._stickers:
            self._fill()
        return self._stickers[name]

    def upload(self, content: bytes, name: str, mime: str) -> Attachment:
        """Somebody's own file, as the kind its type suggests."""
        kind, _, form = mime.partition("/")
        match kind:
            case "image" if form in ("png", "jpeg", "webp", "gif"):
                return self._world.media.make("photo", Source(content))
            case "video":
                return self._world.media.make("video", Source(content, name, mime, 640, 360, 1))
            case "audio":
                return self._world.media.make("audio", Source(content, name, mime, duration=1, title=name))
            case _:
                return self._world.media.make("document", Source(content, name, mime))

    def film(self, name: str) -> Attachment:
        """The film of this name, as a file that is new to Telegram; ControlError for another name."""
        _known(name, FILMS)
        return film(self._world, "video", name, 14)

    def thing(self, name: str, person: Person) -> list[Part]:
        """One of THINGS as this person sends it, several parts an album; ControlError for another name."""
        _known(name, THINGS)
        return THINGS[name].make(self._world, person)

    def _fill(self) -> None:
        made = StickerSet(pictures.STICKER_SET, "Duologue faces")
        self._world.stickers.sets[made.name] = made
        for name in pictures.STICKERS:
            width, height = pictures.STICKER_SIZE
            file = self._world.files.add(pictures.sticker(name), Facts("sticker", width=width, height=height))
            self._stickers[name] = self._world.stickers.put(made, file, pictures.STICKER_EMOJI[name])


def _known(name: str, names: Collection[str]) -> None:
    if name not in names:
        raise ControlError(f"there is no {name!r}, but {', '.join(names)}")
