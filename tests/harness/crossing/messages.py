"""Rows: what is said without a file, and files of every kind."""

from dataclasses import replace

from simulator.text import utf16
from simulator.world.actors import Json
from simulator.world.messages import Message
from tests.harness.crossing.stage import Pair, Row

_SET = "bold italic underline strikethrough spoiler code pre blockquote expandable_blockquote".split()
_FOUND = {
    "hashtag": "#tag",
    "cashtag": "$EUR",
    "bot_command": "/help",
    "url": "https://example.org/x",
    "email": "a@example.org",
    "mention": "@somebody",
}
"""Kinds that Telegram finds in the text by itself."""


def same(sent: Message, seen: Message, *fields: str) -> None:
    """These fields are as they were written."""
    for field in fields:
        assert seen.body.get(field) == sent.body.get(field), (
            f"{field}: wrote {sent.body.get(field)!r}, shown {seen.body.get(field)!r}"
        )


def same_file(sent: Message, seen: Message) -> None:
    """The same bytes of the same kind."""
    assert sent.attachment is not None, "a file was written"
    assert seen.attachment is not None, "no file was shown"
    assert seen.attachment.kind == sent.attachment.kind, f"{seen.attachment.kind} was shown"
    assert seen.attachment.file.digest() == sent.attachment.file.digest(), "other bytes were shown"


async def plain_text(pair: Pair) -> None:
    sent = pair.writer.say("Hello, 👋🏽 you & <b>me</b>")
    (seen,) = await pair.crossed()
    same(sent, seen, "text", "entities")


async def every_entity(pair: Pair) -> None:
    text, entities = "👨‍👩‍👧 ", list[Json]()
    for kind in _SET:
        word = f"𝕩{kind}"
        entity: Json = {"type": kind, "offset": utf16.length(text), "length": utf16.length(word)}
        if kind == "pre":
            entity["language"] = "python"
        entities.append(entity)
        text += word + "\n"
    entities.append(
        {"type": "text_link", "offset": utf16.length(text), "length": 4, "url": "https://example.org/"}
    )
    text += "link " + " ".join(_FOUND.values())
    sent = pair.writer.say(text, entities)
    (seen,) = await pair.crossed()
    same(sent, seen, "text", "entities")
    kinds = {entity["type"] for entity in seen.body["entities"]}
    assert kinds == {*_SET, *_FOUND, "text_link"}, f"only {sorted(kinds)}"


async def link_preview(pair: Pair) -> None:
    preview = {"url": "https://example.org/", "prefer_large_media": True, "show_above_text": True}
    sent = pair.writer.say("see example.org", extra={"link_preview_options": preview})
    (seen,) = await pair.crossed()
    same(sent, seen, "text", "link_preview_options")


async def custom_emoji(pair: Pair) -> None:
    wanted = next(iter(pair.writer.world.stickers.emoji))
    sent = pair.writer.say(
        "hey 👋", [{"type": "custom_emoji", "offset": 4, "length": 2, "custom_emoji_id": wanted}]
    )
    (seen,) = await pair.crossed()
    same(sent, seen, "text", "entities")


async def text_mention(pair: Pair) -> None:
    """The words stay, the account does not."""
    person = pair.writer.person
    mention = {"type": "text_mention", "offset": 4, "length": 2, "user": person.user_json}
    pair.writer.put({"text": "ask me", "entities": [mention]})
    (seen,) = await pair.crossed()
    assert seen.body["text"] == "ask me"
    assert not seen.body.get("entities"), "the mention was shown"


async def forwarded(pair: Pair) -> None:
    """What was forwarded to the bot crosses without its header."""
    person = pair.writer.person
    origin = {"type": "user", "sender_user": person.user_json, "date": 1}
    pair.writer.put({"text": "news", "forward_origin": origin, "via_bot": pair.writer.bot.user_json})
    (seen,) = await pair.crossed()
    assert seen.body["text"] == "news"


def media(kind: str, **facts: object) -> Row:
    """A file of a kind, with all that can be said of it."""

    async def row(pair: Pair) -> None:
        captioned = kind not in ("sticker", "video_note")
        visual = kind in ("photo", "video", "animation", "live_photo")
        file = pair.writer.file(kind, 40_000, thumbnail=kind not in ("photo", "voice", "sticker"), **facts)
        extra = {"has_media_spoiler": True, "show_caption_above_media": True} if visual else {}
        bold = [{"type": "bold", "offset": 2, "length": 4}]
        caption, entities = ("😀bold and more", bold) if captioned else ("", [])
        sent = pair.writer.attach(file, caption, entities=entities, extra=extra)
        (seen,) = await pair.crossed()
        same_file(sent, seen)
        same(sent, seen, "caption", "caption_entities", "has_media_spoiler", "show_caption_above_media")
        assert seen.attachment is not None, "same_file looked"
        for name in ("name", "duration", "title", "performer"):
            if facts.get(name):
                assert getattr(seen.attachment.file, name) == facts[name], f"{name} is another"
        if file.thumbnail is not None:
            assert seen.attachment.thumbnail is not None, "the thumbnail is missing"
            assert seen.attachment.thumbnail.digest() == file.thumbnail.digest(), "another thumbnail"

    return row


async def covered_video(pair: Pair) -> None:
    """A video with a picture of its own on it, that begins in its middle."""
    cover = pair.writer.file("photo")
    film = replace(
        pair.writer.file("video", duration=60),
        cover=(*cover.sizes, cover.file),
        extra={"start_timestamp": 20},
    )
    sent = pair.writer.attach(film)
    (seen,) = await pair.crossed()
    same_file(sent, seen)
    assert seen.attachment is not None, "same_file looked"
    assert seen.attachment.cover, "no cover"
    assert seen.attachment.cover[-1].digest() == cover.file.digest(), "another cover"
    assert seen.attachment.extra.get("start_timestamp") == 20, "it begins elsewhere"


def sticker(set_name: str) -> Row:
    """A sticker of a set, which stays of that set."""

    async def row(pair: Pair) -> None:
        wanted = pair.writer.world.stickers.sets[set_name].stickers[1]
        pair.writer.attach(wanted)
        (seen,) = await pair.crossed()
        assert seen.attachment is not None
        assert seen.attachment.file.unique_id == wanted.file.unique_id, "it is another file"
        assert seen.attachment.extra == wanted.extra, "it is another sticker"

    return row


def album(*kinds: str) -> Row:
    """Whole and in order, each with its caption."""

    async def row(pair: Pair) -> None:
        sent = pair.writer.album([(pair.writer.file(kind), f"{n} {kind}") for n, kind in enumerate(kinds)])
        after = pair.writer.say("after it")
        seen = await pair.crossed(len(kinds) + 1)
        for one, other in zip(sent, seen, strict=False):
            same_file(one, other)
            same(one, other, "caption")
        groups = {one.body.get("media_group_id") for one in seen[:-1]}
        assert len(groups) == 1, f"split into {len(groups)}"
        assert None not in groups, "no album"
        same(after, seen[-1], "text")

    return row


async def big_file(pair: Pair) -> None:
    """15 MB, and a text that another chat is not kept waiting for."""
    sent = pair.writer.attach(pair.writer.file("document", 15_000_000, name="big.bin"))
    (seen,) = await pair.crossed()
    same_file(sent, seen)


async def file_again(pair: Pair) -> None:
    """The same file a second time."""
    file = pair.writer.file("photo")
    one, two = pair.writer.attach(file, "1"), pair.writer.attach(file, "2")
    seen = await pair.crossed(2)
    same_file(one, seen[0])
    same_file(two, seen[1])


async def too_big(pair: Pair) -> None:
    """30 MB go by id on one bot; to another without a vault they cannot, and the writer hears so."""
    sent = pair.writer.attach(pair.writer.file("document", 30_000_000))
    if pair.across:
        await pair.told("too big")
    else:
        same_file(sent, (await pair.crossed())[0])
    later = pair.writer.say("and on we go")
    same(later, await pair.reader.one(0 if pair.across else 1), "text")


def too_long(what: str) -> Row:
    """More than Telegram takes from a bot: told in a sentence, and the conversation goes on."""

    async def row(pair: Pair) -> None:
        photo, long = pair.writer.file("photo"), {"caption": "x" * 1025}
        if what == "text":
            pair.writer.put({"text": "x" * 4097})
        elif what == "caption":
            pair.writer.put(long, photo)
        else:
            group = {"media_group_id": "77"}
            pair.writer.put(group, photo)
            pair.writer.put(group | long, pair.writer.file("photo"))
        await pair.told("too long")
        later = pair.writer.say("in parts, then")
        same(later, (await pair.crossed())[0], "text")

    return row


def edit_too_long(kind: str) -> Row:
    """The reader goes on seeing what was there, and the writer hears so."""

    async def row(pair: Pair) -> None:
        file = pair.writer.file(kind) if kind else None
        sent = pair.writer.attach(file, "short") if file else pair.writer.say("short")
        (seen,) = await pair.crossed()
        field, size = ("caption", 1025) if file else ("text", 4097)
        sent.body = {field: "x" * size}
        pair.writer.edit(sent)
        await pair.told("could not be passed on")
        assert seen.body[field] == "short", "it was changed"
        later = pair.writer.say("and on we go")
        same(later, (await pair.crossed(1, 1))[0], "text")

    return row


def refused(kind: str) -> Row:
    """The reader's settings do not allow such messages."""

    async def row(pair: Pair) -> None:
        pair.reader.person.refuses = frozenset((kind,))
        pair.writer.attach(pair.writer.file(kind))
        await pair.told("does not accept voice" if kind == "video_note" else "settings do not allow")
        later = pair.writer.say("then in writing")
        same(later, (await pair.crossed())[0], "text")

    return row


async def no_voices(pair: Pair) -> None:
    """The reader takes no voice messages: said in a sentence, and the conversation goes on."""
    pair.reader.person.refuses = frozenset(("voice",))
    pair.writer.attach(pair.writer.file("voice"))
    await pair.told("does not accept voice")
    later = pair.writer.say("then in writing")
    same(later, (await pair.crossed())[0], "text")


ROWS: list[tuple[str, Row]] = [
    ("text", plain_text),
    ("text with every entity, UTF-16 offsets", every_entity),
    ("link preview", link_preview),
    ("custom emoji", custom_emoji),
    ("mention of an account: words without the account", text_mention),
    ("forwarded message without its header", forwarded),
    ("photo", media("photo")),
    ("video", media("video", name="my film.mp4", duration=7, width=640, height=360)),
    ("video with cover and start", covered_video),
    ("animation", media("animation", name="cat.mp4", duration=2, width=320, height=240)),
    ("voice", media("voice", duration=3)),
    ("video note", media("video_note", duration=4, width=240, height=240)),
    ("audio", media("audio", name="song.mp3", title="Song", performer="Singer", duration=9)),
    ("document without a name", media("document")),
    ("document", media("document", name="Größe “x”.zip", mime="application/zip")),
    ("sticker, a single one", media("sticker")),
    ("sticker of a set, static", sticker("SimFaces_by_sim")),
    ("sticker of a set, animated", sticker("SimMoves_by_sim")),
    ("sticker of a set, video", sticker("SimClips_by_sim")),
    ("live photo", media("live_photo")),
    ("album of photos and videos", album("photo", "video", "photo", "video", "photo")),
    ("album of ten photos", album(*["photo"] * 10)),
    ("album of documents", album("document", "document", "document")),
    ("album of audios", album("audio", "audio")),
    ("the same file again", file_again),
    ("big file", big_file),
    ("too big: told", too_big),
    ("text too long: told", too_long("text")),
    ("caption too long: told", too_long("caption")),
    ("album with a caption too long: told", too_long("album")),
    ("edit of text too long: told", edit_too_long("")),
    ("edit of caption too long: told", edit_too_long("video")),
    ("voice messages not accepted: told", no_voices),
    ("video messages not accepted: told", refused("video_note")),
    ("a kind that the reader does not take: told", refused("photo")),
]
