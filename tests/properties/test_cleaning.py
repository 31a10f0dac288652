"""What a maker's camera wrote does not pass a filter, the picture does, however the pieces are cut."""

import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.content import File, Media, MediaKind
from shard.cleaning import HEAD, Care, care_of, exif, filter_for
from simulator.world.samples import png

MARK = b"LEAKED"
MOST_HELD = 262_144 + 64
"""Bytes: the longest segment that a filter waits for."""


def through(file: bytes, cuts: list[int]) -> bytes:
    """The file in pieces; its filter never holds more than a segment and a piece."""
    strainer = filter_for(file[:HEAD])
    assert strainer is not None
    out = b""
    edges = sorted({0, len(file), *(cut % (len(file) + 1) for cut in cuts)})
    for begin, end in pairwise(edges):
        out += strainer.feed(file[begin:end])
        assert len(strainer.held) <= MOST_HELD + end - begin
    return out


def tiff(way_up: int, order: str) -> bytes:
    """Exif as a camera writes it: its name, which way up, where the name stands."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    entries = struct.pack(f"{order}HHII", 0x013B, 2, 6, 38) + struct.pack(
        f"{order}HHIHH", 0x0112, 3, 1, way_up, 0
    )
    return head + struct.pack(f"{order}H", 2) + entries + struct.pack(f"{order}I", 0) + MARK


def segment(marker: int, said: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(said) + 2).to_bytes(2) + said


def escaped(raw: bytes) -> bytes:
    return raw.replace(b"\xff", b"\xff\x00") + b"\xff\xd3" + raw.replace(b"\xff", b"\xff\x00")


marks = st.binary(max_size=40).map(lambda raw: raw + MARK)
cuts = st.lists(st.integers(0, 1 << 20), max_size=30)
ways = st.integers(1, 8)
orders = st.sampled_from(("<", ">"))
TELLING_SEGMENTS = (0xE1, 0xE2, 0xE3, 0xE4, 0xEB, 0xEC, 0xED, 0xEE, 0xEF, 0xFE, 0xE0, 0xF3)


@st.composite
def jpegs(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """One with marks wherever there is room for them, and what should be left of it."""
    table, frame, scan = segment(0xDB, bytes(65)), segment(0xC2, b"frame"), segment(0xDA, b"scan")
    profile, adobe = segment(0xE2, b"ICC_PROFILE\0colours"), segment(0xEE, b"Adobe" + bytes(7))
    way_up, order = draw(ways), draw(orders)
    picture = escaped(draw(st.binary(max_size=300)))
    small = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\1\1" + MARK)
    tells = segment(0xE1, b"Exif\0\0" + tiff(way_up, order))
    others = [segment(draw(st.sampled_from(TELLING_SEGMENTS)), draw(marks)) for _ in range(3)]
    dirt = draw(st.sampled_from((b"", b"\xff", b"junk", b"\x00\xff\x00")))
    file = b"".join(
        (b"\xff\xd8", small, others[0], tells, profile, table, dirt, others[1], adobe, frame, scan, picture)
    )
    file += others[2] + scan + picture + b"\xff\xd9" + draw(marks)
    left = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    if way_up != 1:
        left += segment(0xE1, b"Exif\0\0" + exif.minimal(way_up))
    left += b"".join((profile, table, adobe, frame, scan, picture, scan, picture, b"\xff\xd9"))
    return file, left


def chunk(name: bytes, said: bytes) -> bytes:
    return len(said).to_bytes(4) + name + said + zlib.crc32(name + said).to_bytes(4)


@st.composite
def pngs(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """As `jpegs`."""
    bare = png(draw(st.integers(1, 20)), 3, 1, 2, 3)
    head, body, end = bare[:33], bare[33:-12], bare[-12:]
    names = (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"maKe", b"orNT")
    tells = b"".join(chunk(name, draw(marks)) for name in names)
    way_up = draw(ways)
    colours = chunk(b"iCCP", b"profile") + chunk(b"pHYs", bytes(9))
    file = (
        head + tells + colours + chunk(b"eXIf", tiff(way_up, draw(orders))) + body + tells + end + draw(marks)
    )
    up = chunk(b"eXIf", exif.minimal(way_up)) if way_up != 1 else b""
    return file, head + colours + up + body + end


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + len(said).to_bytes(4, "little") + said + bytes(len(said) % 2) for name, said in chunks
    )
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


@st.composite
def webps(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """As `jpegs`; the length stays."""
    way_up, picture = draw(ways), (b"VP8L", draw(st.binary(min_size=1, max_size=99)))
    camera = draw(st.sampled_from((b"", b"Exif\0\0"))) + tiff(way_up, draw(orders))
    xmp, own = draw(marks), draw(marks)
    file = riff(
        (b"VP8X", b"\x2c" + bytes(9)),
        (b"ICCP", b"colours"),
        (b"mine", own),
        picture,
        (b"EXIF", camera),
        (b"XMP ", xmp),
    )
    padded = len(camera) + len(camera) % 2
    left = riff(
        *((b"VP8X", b"\x28" + bytes(9)), (b"ICCP", b"colours"), (b"JUNK", bytes(len(own))), picture),
        *((b"EXIF", exif.minimal(way_up).ljust(padded, b"\0")[: len(camera)]), (b"JUNK", bytes(len(xmp)))),
    )
    return file + draw(st.sampled_from((b"", MARK))), left


def box(name: bytes, *inside: bytes, large: bool = False) -> bytes:
    body = b"".join(inside)
    if large:
        return (1).to_bytes(4) + name + (len(body) + 16).to_bytes(8) + body
    return (len(body) + 8).to_bytes(4) + name + body


@st.composite
def films(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """As `jpegs`; every place stays where it was."""
    said, large = draw(marks), draw(st.booleans())
    media, frames = box(b"mdia", b"table"), draw(st.binary(max_size=200))

    def film(telling: bytes, tell: bytes) -> bytes:
        return b"".join(
            (
                box(b"ftyp", b"mp42\0\0\0\0mp42isom"),
                box(telling if telling != b"udta" else b"uuid", tell, large=large),
                box(
                    b"moov",
                    box(b"mvhd", b"times"),
                    box(b"trak", media, box(telling, tell)),
                    box(telling, tell),
                ),
                box(b"mdat", frames, large=large),
                box(telling, tell),
            )
        )

    left = film(b"free", bytes(len(said)))
    return film(draw(st.sampled_from((b"udta", b"meta", b"free"))), said), left


@pytest.mark.parametrize("made", [jpegs(), pngs(), webps(), films()], ids=["jpeg", "png", "webp", "mp4"])
@settings(max_examples=60)
@given(data=st.data())
def test_what_tells_is_left_out_and_the_picture_stays(
    made: st.SearchStrategy[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    file, left = data.draw(made)
    out = through(file, data.draw(cuts))
    assert MARK not in out
    assert out == left
    assert through(out, data.draw(cuts)) == out


@pytest.mark.parametrize(
    "begins",
    [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\0\0WEBP", b"\0\0\0\x18ftypmp42"],
    ids=["jpeg", "png", "webp", "mp4"],
)
@settings(max_examples=100)
@given(rest=st.binary(min_size=HEAD, max_size=2_000), data=st.data())
def test_whatever_follows_nothing_breaks(begins: bytes, rest: bytes, data: st.DataObject) -> None:
    file = begins + rest
    assert through(file, data.draw(cuts)) == through(file, [])


def test_a_long_segment_is_not_gathered() -> None:
    strainer = filter_for(b"\x89PNG\r\n\x1a\n\0\0\0\0")
    assert strainer is not None
    strainer.feed(b"\x89PNG\r\n\x1a\n" + (2**31 - 1).to_bytes(4) + b"tEXt")
    for _ in range(100):
        strainer.feed(bytes(65_536))
        assert not strainer.held


def test_what_is_no_picture_has_no_filter() -> None:
    heic = b"\0\0\0\x18ftypheic"
    for head in (b"%PDF-1.7 and", b"PK\x03\x04 and more", heic, b"", b"GIF89a and so"):
        assert filter_for(head) is None


@pytest.mark.parametrize(
    ("name", "mime", "care"),
    [
        ("a.JPG", "", Care.CLEAN),
        ("", "image/png", Care.CLEAN),
        ("film.mov", "application/octet-stream", Care.CLEAN),
        ("cv.pdf", "", Care.ASK),
        ("", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Care.ASK),
        ("IMG.HEIC", "image/heic", Care.ASK),
        ("x.zip", "application/zip", Care.PLAIN),
        ("", "", Care.PLAIN),
    ],
)
def test_care_goes_by_type_or_name(name: str, mime: str, care: Care) -> None:
    document = Media(MediaKind.DOCUMENT, File("f", "u", 1, name, mime))
    assert care_of(document) is care
    assert care_of(Media(MediaKind.PHOTO, document.file)) is Care.PLAIN
    assert care_of(Media(MediaKind.DOCUMENT, document.file, as_is=True)) is Care.PLAIN
