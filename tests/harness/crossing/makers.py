"""Rows: files in which a camera or a program wrote who made them."""

import zlib
from collections.abc import Callable, Sequence

from simulator.world.media import Source
from simulator.world.messages import Attachment, Message
from simulator.world.samples import png
from tests.harness.crossing.messages import same, same_file
from tests.harness.crossing.stage import Pair, Row, Side

Making = Callable[[bytes], bytes]
"""A file in which these words stand where a maker's name does."""


def jpeg(said: bytes) -> bytes:
    """With Exif, a comment, and a further picture behind its end."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + said
    parts = [(0xE1, exif), (0xFE, said), (0xED, b"Photoshop 3.0\0" + said), (0xDB, bytes(65))]
    segments = b"".join(b"\xff" + bytes([mark]) + (len(p) + 2).to_bytes(2) + p for mark, p in parts)
    whole = b"\xff\xd8" + segments + b"\xff\xda\0\x03s" + bytes(range(255)) * 90 + b"\xff\xd9"
    return whole + said + whole


def portable(said: bytes) -> bytes:
    """A PNG with words in it."""
    bare = png(40, 30, 10, 120, 90)
    words = b"tEXtAuthor\0" + said
    return bare[:33] + (len(words) - 4).to_bytes(4) + words + zlib.crc32(words).to_bytes(4) + bare[33:]


def webp(said: bytes) -> bytes:
    """With XMP."""
    said += bytes(len(said) % 2)
    parts = [(b"VP8X", b"\x04" + bytes(9)), (b"VP8L", bytes(500)), (b"XMP ", said)]
    body = b"".join(name + len(part).to_bytes(4, "little") + part for name, part in parts)
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def film(said: bytes) -> bytes:
    """With the place where it was made."""
    where = (len(said) + 8).to_bytes(4) + b"udta" + said
    movie = (len(where) + 8).to_bytes(4) + b"moov" + where
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + movie + (40_008).to_bytes(4) + b"mdat" + bytes(40_000)


def made(side: Side, making: Making, name: str, mime: str) -> Attachment:
    """A new document with the person's own name and number inside."""
    person = side.person
    said = f"{person.first_name} {person.last_name} @{person.username} {person.id} {person.phone}".encode()
    return side.world.media.make("document", Source(making(said), name=name, mime=mime))


def cleaned(making: Making, name: str, mime: str) -> Row:
    """It crosses under its name without what was written about its maker, again and again alike."""

    async def row(pair: Pair) -> None:
        file = made(pair.writer, making, name, mime)
        first = pair.writer.attach(file, "look")
        again = pair.writer.attach(file, "again")
        seen = await pair.crossed(2)
        for sent, shown in zip((first, again), seen, strict=True):
            same(sent, shown, "caption")
            assert shown.attachment is not None, "no file was shown"
            assert shown.attachment.kind == "document", f"{shown.attachment.kind} was shown"
            assert shown.attachment.file.name == name, f"it is called {shown.attachment.file.name}"
            assert shown.attachment.file.size > 100, "nothing is left of it"
            assert _of(pair.writer, shown.attachment) == [], "the maker stands in it"
        assert seen[0].attachment is seen[1].attachment, "it was cleaned twice"

    return row


async def album_of_makers(pair: Pair) -> None:
    """Whole, with an ordinary file among them."""
    files = [
        made(pair.writer, jpeg, "one.jpg", "image/jpeg"),
        pair.writer.file("document", name="two.zip"),
        made(pair.writer, portable, "three.png", "image/png"),
    ]
    sent = pair.writer.album([(file, f"{n}") for n, file in enumerate(files)])
    seen = await pair.crossed(3)
    assert len({one.body.get("media_group_id") for one in seen} - {None}) == 1, "no album"
    for one, other in zip(sent, seen, strict=True):
        same(one, other, "caption")
        assert other.attachment is not None, "no file was shown"
        assert _of(pair.writer, other.attachment) == [], "the maker stands in it"
    same_file(sent[1], seen[1])


async def edit_to_maker(pair: Pair) -> None:
    sent = pair.writer.attach(pair.writer.file("document", name="draft.zip"), "before")
    (seen,) = await pair.crossed()
    picture = made(pair.writer, jpeg, "final.jpg", "image/jpeg")
    pair.writer.edit(sent, attachment=picture, text="after")
    await pair.becomes(lambda: seen.body.get("caption") == "after", "the edit")
    assert seen.attachment is not None, "no file was shown"
    assert seen.attachment.file.name == "final.jpg", "another file"


async def asked_first(pair: Pair) -> None:
    """What cannot be cleaned is asked about, once a conversation; what can be is cleaned all the same."""
    paper = pair.writer.file("document", name="paper.pdf", mime="application/pdf")
    sent = pair.writer.attach(paper, "please read")
    question = await pair.writer.one()
    assert "author's name" in question.body["text"], "not told why"
    assert question.reply_to is sent, "not told which"
    assert not pair.reader.shown(), "it went unasked"
    pair.writer.press(question, "file:send")
    (seen,) = await pair.crossed()
    same_file(sent, seen)
    same(sent, seen, "caption")
    await pair.becomes(lambda: question.deleted, "the question to go")
    second = pair.writer.attach(pair.writer.file("document", name="more.docx"), "and this")
    same_file(second, (await pair.crossed(1, 1))[0])
    pair.writer.attach(made(pair.writer, jpeg, "me.jpg", "image/jpeg"))
    (picture,) = await pair.crossed(1, 2)
    assert picture.attachment is not None, "no picture was shown"
    assert _of(pair.writer, picture.attachment) == [], "the maker stands in it"
    assert all(one.deleted for one in pair.writer.shown()), "asked again"


async def asked_and_kept(pair: Pair) -> None:
    pair.writer.attach(pair.writer.file("document", name="paper.pdf"))
    pair.writer.press(await pair.writer.one(), "file:keep")
    await pair.becomes(lambda: _says(pair.writer.shown(), "stays with you"), "the answer")
    assert not pair.reader.shown(), "it went all the same"


async def asked_of_each(pair: Pair) -> None:
    """Of an album every file; the one that is let go goes."""
    names = ("one.pdf", "two.pdf")
    sent = pair.writer.album([(pair.writer.file("document", name=name), name) for name in names])
    questions = await pair.writer.next(2)
    assert {question.reply_to for question in questions} == {*sent}, "not asked of each"
    pair.writer.press(next(one for one in questions if one.reply_to is sent[1]), "file:send")
    same_file(sent[1], (await pair.crossed())[0])


async def no_picture(pair: Pair) -> None:
    """It says it is a picture and is none: nobody knows what stands in it."""
    pair.writer.attach(pair.writer.file("document", name="cat.jpg", mime="image/jpeg"))
    await pair.told("author's name")


def _says(messages: Sequence[Message], words: str) -> bool:
    return any(words in message.body["text"] for message in messages)


def _of(side: Side, attachment: Attachment) -> list[str]:
    """What of the person stands in the file."""
    content = b"".join(attachment.file.pieces()).decode("latin-1")
    person = side.person
    traces = (person.first_name, person.last_name, person.username, str(person.id), person.phone)
    return [trace for trace in traces if trace and trace in content]


ROWS: list[tuple[str, Row]] = [
    ("JPEG as a file: without camera, place and author", cleaned(jpeg, "me at home.jpg", "image/jpeg")),
    ("PNG as a file: without author", cleaned(portable, "drawing.png", "image/png")),
    ("WebP as a file: without author", cleaned(webp, "sticker.webp", "image/webp")),
    ("film as a file: without place and author", cleaned(film, "holiday.mov", "video/quicktime")),
    ("album of files with pictures: cleaned, whole", album_of_makers),
    ("edit to a picture as a file: cleaned", edit_to_maker),
    ("PDF or office document: asked first, once a chat", asked_first),
    ("PDF or office document: kept", asked_and_kept),
    ("album of PDFs: asked of each", asked_of_each),
    ("a picture that is none: asked first", no_picture),
]
