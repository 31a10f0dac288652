"""Rows: files of more than a bot may fetch, where the network has vault channels or a server of its own."""

from simulator.world.files import Made
from simulator.world.media import Source
from simulator.world.messages import Attachment
from tests.harness.crossing.messages import same, same_file
from tests.harness.crossing.stage import Pair, Row, Side

BIG = 30_000_000


async def document(pair: Pair) -> None:
    sent = pair.writer.attach(pair.writer.file("document", BIG, name="big.bin"), "here")
    (seen,) = await pair.crossed()
    same_file(sent, seen)
    same(sent, seen, "caption")
    assert seen.attachment is not None, "same_file looked"
    assert seen.attachment.file.name == "big.bin", f"it is called {seen.attachment.file.name}"


async def reply(pair: Pair) -> None:
    """With spoiler, caption above, in reply and in an answer to it."""
    first = pair.writer.say("look at this")
    await pair.crossed()
    extra = {"has_media_spoiler": True, "show_caption_above_media": True}
    sent = pair.writer.attach(pair.writer.file("video", BIG), "film", reply_to=first.id, extra=extra)
    (seen,) = await pair.crossed(1, 1)
    same_file(sent, seen)
    same(sent, seen, "caption", *extra)
    assert seen.reply_to is pair.reader.shown()[0], "it answers another message"
    pair.reader.say("wow", reply_to=seen.id)
    assert (await pair.writer.one()).reply_to is sent, "the answer is to another message"


async def album(pair: Pair) -> None:
    kinds = [("photo", 4_000), ("video", BIG), ("photo", 4_000), ("video", BIG)]
    sent = pair.writer.album([(pair.writer.file(kind, size), kind) for kind, size in kinds])
    seen = await pair.crossed(len(kinds))
    for one, other in zip(sent, seen, strict=True):
        same_file(one, other)
        same(one, other, "caption")
    groups = {one.body.get("media_group_id") for one in seen}
    assert len(groups - {None}) == 1, "no album"


async def edit(pair: Pair) -> None:
    sent = pair.writer.attach(pair.writer.file("video"), "short")
    (seen,) = await pair.crossed()
    pair.writer.edit(sent, attachment=pair.writer.file("video", BIG), text="long")
    await pair.becomes(lambda: seen.body.get("caption") == "long", "the edit")
    same_file(sent, seen)


async def live_photo(pair: Pair) -> None:
    sent = pair.writer.attach(_live_photo(pair.writer), "it moves")
    (seen,) = await pair.crossed()
    same_file(sent, seen)
    same(sent, seen, "caption")


def _live_photo(side: Side) -> Attachment:
    media = side.world.media
    still = media.made_up("photo", 4_000, Source(b"", width=640, height=480))
    return media.live_photo(Source(Made(b"", 7, BIG), width=640, height=480), still)


def rows(how: str) -> list[tuple[str, Row]]:
    """All of them, named after how such files go there."""
    named: list[tuple[str, Row]] = [
        ("file", document),
        ("film with a reply each way", reply),
        ("album with films", album),
        ("edit to a film", edit),
        ("live photo", live_photo),
    ]
    return [(f"{what} over 20 MB, {how}", row) for what, row in named]
