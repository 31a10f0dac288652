"""What can be sent: painted pictures and all the things."""

import struct
import zlib

import pytest

from simulator.page.view import message_json
from simulator.people import pictures
from simulator.people.gallery import Gallery
from simulator.people.things import THINGS
from simulator.world.world import World


def _pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and RGBA of a PNG file; checks every chunk."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, body, size = 8, b"", (0, 0)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + content)
        if kind == b"IHDR":
            size = struct.unpack(">II", content[:8])
        elif kind == b"IDAT":
            body += content
        at += 12 + length
    rows = zlib.decompress(body)
    stride = size[0] * 4 + 1
    assert len(rows) == stride * size[1]
    return *size, b"".join(rows[row * stride + 1 : (row + 1) * stride] for row in range(size[1]))


@pytest.mark.parametrize("name", pictures.PHOTOS)
def test_photos_fill_their_frame_and_differ(name: str) -> None:
    width, height, pixels = _pixels(pictures.photo(name))
    assert (width, height) == pictures.PHOTO_SIZE
    assert set(pixels[3::4]) == {255}
    assert len({pixels[at : at + 4] for at in range(0, len(pixels), 4)}) > 20
    assert [other for other in pictures.PHOTOS if pictures.photo(other) == pictures.photo(name)] == [name]


@pytest.mark.parametrize("name", pictures.STICKERS)
def test_stickers_have_clear_corners(name: str) -> None:
    width, height, pixels = _pixels(pictures.sticker(name))
    assert (width, height) == pictures.STICKER_SIZE
    assert pixels[3] == pixels[-1] == 0
    assert 255 in pixels[3::4]
    assert name in pictures.STICKER_EMOJI


def test_stickers_are_a_set_that_bots_can_look_up() -> None:
    world = World()
    bot = world.create_bot()
    sticker = Gallery(world).sticker("love")
    shown = world.stickers.show_set(bot.id, world.stickers.sets[pictures.STICKER_SET])
    assert sticker.file.unique_id in {one["file_unique_id"] for one in shown["stickers"]}
    assert len(shown["stickers"]) == len(pictures.STICKERS)


_KIND = {
    "round": "video_note",
    "covered": "video",
    "gif": "animation",
    "live": "live_photo",
    "music": "audio",
    "file": "document",
    "big": "document",
    "huge": "document",
    "album": "photo",
    "ten": "photo",
    "files": "document",
    "songs": "audio",
    "single": "sticker",
    "animated": "sticker",
    "clip": "sticker",
    "quiz": "poll",
    "secret": "poll",
    "slots": "dice",
    "moving": "location",
    "styles": "entities",
    "preview": "link_preview_options",
    "emoji": "entities",
    "mention": "entities",
    "forwarded": "forward_origin",
    "paid": "paid_media",
    "timer": "message_auto_delete_timer_changed",
    "future": "hologram",
    "odd": "dice",
}


@pytest.mark.parametrize("name", THINGS)
def test_every_thing_can_be_sent_and_shown(name: str) -> None:
    world = World()
    bot, person = world.create_bot(), world.people.create()
    for part in Gallery(world).thing(name, person):
        message = world.deeds.put(person, bot, part.body, part.attachment)
        shown = message_json(world, world.private(bot, person), message)
        assert shown["out"] is True
    assert _KIND.get(name, name) in shown


@pytest.mark.parametrize(("name", "count"), [("album", 3), ("ten", 10), ("files", 3), ("songs", 2)])
def test_albums_have_several_parts(name: str, count: int) -> None:
    world = World()
    assert len(Gallery(world).thing(name, world.people.create())) == count


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", "photo"),
        ("video/mp4", "video"),
        ("audio/mpeg", "audio"),
        ("text/html", "document"),
        ("", "document"),
    ],
)
def test_own_files_go_as_what_they_are(mime: str, kind: str) -> None:
    content = pictures.photo("sea") if kind == "photo" else b"something"
    assert Gallery(World()).upload(content, "name", mime).kind == kind
