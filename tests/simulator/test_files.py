"""Files: ids, bytes, sizes, stickers."""

import hashlib
import io
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.app import Options, running
from simulator.clock import ManualClock
from simulator.world.samples import png
from tests.simulator.stage import Stage

PNG = png(40, 30, 200, 10, 10)


def _form(chat: int, field: str, content: bytes, name: str, **more: str) -> aiohttp.FormData:
    form = aiohttp.FormData({"chat_id": str(chat), **more})
    form.add_field(field, io.BytesIO(content), filename=name)
    return form


def _biggest(message: dict[str, Any]) -> dict[str, Any]:
    photo: dict[str, Any] = message["photo"][-1]
    return photo


async def _download(stage: Stage, file_id: str) -> bytes:
    found = await stage.call("getFile", file_id=file_id)
    url = f"{stage.simulator.url}/file/bot{stage.bot.token}/{found['file_path']}"
    async with stage.session.get(url) as response:
        assert response.status == 200
        return await response.read()


async def test_a_file_id_belongs_to_one_bot(stage: Stage) -> None:
    attachment = stage.world.media.made_up("photo", 5000)
    for bot in (stage.bot, stage.other):
        stage.world.deeds.attach(stage.ada, bot, attachment)
    mine = _biggest((await stage.updates())[0]["message"])
    theirs = _biggest((await stage.updates(bot=stage.other))[0]["message"])
    assert mine["file_unique_id"] == theirs["file_unique_id"]
    assert mine["file_id"] != theirs["file_id"]
    refused = await stage.refusal("sendPhoto", chat_id=stage.ada.id, photo=theirs["file_id"])
    assert refused.words == "Bad Request: wrong file identifier/HTTP URL specified"
    refused = await stage.refusal("getFile", file_id=theirs["file_id"])
    assert refused.words == "Bad Request: wrong file_id or the file is temporarily unavailable"
    refused = await stage.refusal("sendPhoto", chat_id=stage.ada.id, photo=mine["file_unique_id"])
    assert refused.code == 400
    sent = await stage.call("sendPhoto", chat_id=stage.ada.id, photo=mine["file_id"])
    assert _biggest(sent)["file_unique_id"] == mine["file_unique_id"]


async def test_a_forged_file_id_is_refused(stage: Stage) -> None:
    file_id = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("video", 5000).file)
    forged = file_id[:30] + ("A" if file_id[30] != "A" else "B") + file_id[31:]
    assert (await stage.refusal("sendVideo", chat_id=stage.ada.id, video=forged)).code == 400


async def test_an_upload_comes_back_byte_for_byte(stage: Stage) -> None:
    sent = await stage.call("sendPhoto", _form(stage.ada.id, "photo", PNG, "x.png", caption="see"))
    assert sent["caption"] == "see"
    assert (_biggest(sent)["width"], _biggest(sent)["height"]) == (40, 30)
    assert await _download(stage, _biggest(sent)["file_id"]) == PNG


async def test_a_link_is_good_for_an_hour(stage: Stage) -> None:
    file_id = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("document", 100).file)
    found = await stage.call("getFile", file_id=file_id)
    url = f"{stage.simulator.url}/file/bot{stage.bot.token}/{found['file_path']}"
    for seconds, status in ((3600, 200), (1, 404)):
        stage.clock.advance(seconds)
        async with stage.session.get(url) as response:
            assert response.status == status
    await stage.call("getFile", file_id=file_id)
    async with stage.session.get(url) as response:
        assert response.status == 200


async def test_a_large_upload_goes_through_the_disk(stage: Stage) -> None:
    content = hashlib.sha256(b"x").digest() * 100_000
    form = _form(stage.ada.id, "document", content, "big.bin")
    sent = await stage.call("sendDocument", form)
    assert sent["document"]["file_size"] == len(content)
    assert sent["document"]["file_name"] == "big.bin"
    file = stage.world.files.by_unique(sent["document"]["file_unique_id"])
    assert file is not None
    assert isinstance(file.content, Path)
    assert await _download(stage, sent["document"]["file_id"]) == content


async def test_attachments_by_name(stage: Stage) -> None:
    form = aiohttp.FormData({"chat_id": str(stage.ada.id)})
    form.add_field("media", '[{"type":"photo","media":"attach://a"},{"type":"video","media":"attach://b"}]')
    form.add_field("a", PNG, filename="a.png")
    form.add_field("b", b"video bytes", filename="b.mp4")
    first, second = await stage.call("sendMediaGroup", form)
    assert first["media_group_id"] == second["media_group_id"]
    assert await _download(stage, second["video"]["file_id"]) == b"video bytes"


async def test_what_is_no_picture_is_no_photo(stage: Stage) -> None:
    status, answer, _ = await stage.post("sendPhoto", _form(stage.ada.id, "photo", b"hello", "x.jpg"))
    assert (status, answer["description"]) == (400, "Bad Request: IMAGE_PROCESS_FAILED")
    status, answer, _ = await stage.post("sendPhoto", _form(stage.ada.id, "photo", b"", "x.jpg"))
    assert (status, answer["description"]) == (400, "Bad Request: file must be non-empty")


async def test_a_photo_is_no_document(stage: Stage) -> None:
    photo = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("photo", 5000).file)
    refused = await stage.refusal("sendDocument", chat_id=stage.ada.id, document=photo)
    assert refused.words == "Bad Request: can't use file of type Photo as Document"


async def test_a_video_sent_by_id_as_a_document_stays_a_video(stage: Stage) -> None:
    video = stage.world.files.id_for(stage.bot.id, stage.world.media.made_up("video", 5000).file)
    sent = await stage.call("sendDocument", chat_id=stage.ada.id, document=video)
    assert "video" in sent


async def test_twenty_megabytes_is_what_a_bot_may_download(stage: Stage) -> None:
    for size, fits in ((20 * 1024 * 1024, True), (20 * 1024 * 1024 + 1, False)):
        file = stage.world.media.made_up("document", size).file
        file_id = stage.world.files.id_for(stage.bot.id, file)
        if fits:
            assert hashlib.sha256(await _download(stage, file_id)).hexdigest() == file.digest()
        else:
            assert (await stage.refusal("getFile", file_id=file_id)).words == "Bad Request: file is too big"


async def test_fifty_megabytes_is_what_a_bot_may_upload(stage: Stage) -> None:
    form = _form(stage.ada.id, "document", b"x" * (50 * 1024 * 1024 + 1), "big.bin")
    status, answer, _ = await stage.post("sendDocument", form)
    assert (status, answer["description"]) == (413, "Request Entity Too Large")
    assert list(stage.world.files.folder().iterdir()) == []


async def test_a_local_server_takes_paths_and_gives_paths(clock: ManualClock, tmp_path: Path) -> None:
    async with (
        running(Options(port=0, bots=2, local=True, page=False), clock) as simulator,
        aiohttp.ClientSession() as session,
    ):
        stage = Stage(simulator, session, clock)
        given = tmp_path / "note.txt"
        given.write_bytes(b"by path")
        sent = await stage.call("sendDocument", chat_id=stage.ada.id, document=f"file://{given}")
        found = await stage.call("getFile", file_id=sent["document"]["file_id"])
        assert Path(found["file_path"]).read_bytes() == b"by path"
        big = stage.world.media.made_up("document", 30 * 1024 * 1024).file
        found = await stage.call("getFile", file_id=stage.world.files.id_for(stage.bot.id, big))
        assert Path(found["file_path"]).stat().st_size == 30 * 1024 * 1024


async def test_paths_are_for_local_servers_only(stage: Stage) -> None:
    refused = await stage.refusal("sendDocument", chat_id=stage.ada.id, document="file:///etc/hostname")
    assert refused.words == "Bad Request: wrong file identifier/HTTP URL specified"


async def test_a_sticker_set_gives_each_bot_its_own_ids(stage: Stage) -> None:
    mine = await stage.call("getStickerSet", name="SimFaces_by_sim")
    theirs = await stage.call("getStickerSet", name="SimFaces_by_sim", bot=stage.other)
    for one, two in zip(mine["stickers"], theirs["stickers"], strict=True):
        assert one["file_unique_id"] == two["file_unique_id"]
        assert one["file_id"] != two["file_id"]
    sent = await stage.call("sendSticker", chat_id=stage.ada.id, sticker=mine["stickers"][1]["file_id"])
    assert sent["sticker"] == mine["stickers"][1]
    assert sent["sticker"]["set_name"] == "SimFaces_by_sim"


async def test_custom_emoji_by_id(stage: Stage) -> None:
    ids = list(stage.world.stickers.emoji)
    found = await stage.call("getCustomEmojiStickers", custom_emoji_ids=[*ids, "123"])
    assert [one["custom_emoji_id"] for one in found] == ids
    assert all(one["type"] == "custom_emoji" for one in found)
    refused = await stage.refusal("getCustomEmojiStickers", custom_emoji_ids=["1"] * 201)
    assert refused.code == 400


async def test_a_set_of_ones_own(stage: Stage) -> None:
    uploaded = _form(stage.ada.id, "sticker", PNG, "s.png")
    file_id = (await stage.call("sendSticker", uploaded))["sticker"]["file_id"]
    name = f"mine_by_{stage.bot.username}"
    item = {"sticker": file_id, "format": "static", "emoji_list": ["😀"]}
    await stage.call("createNewStickerSet", user_id=stage.ada.id, name=name, title="Mine", stickers=[item])
    await stage.call("addStickerToSet", user_id=stage.ada.id, name=name, sticker=item)
    made = await stage.call("getStickerSet", name=name, bot=stage.other)
    assert len(made["stickers"]) == 2
    assert len({one["file_unique_id"] for one in made["stickers"]}) == 2


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("video", "video"),
        ("animation", "animation"),
        ("audio", "audio"),
        ("voice", "voice"),
        ("video_note", "video_note"),
        ("document", "document"),
        ("sticker", "sticker"),
    ],
)
async def test_every_kind_by_upload_and_again_by_id(stage: Stage, kind: str, field: str) -> None:
    method = "send" + "".join(word.capitalize() for word in kind.split("_"))
    name = {"sticker": "s.webp"}.get(kind, "x.bin")
    first = await stage.call(method, _form(stage.ada.id, field, b"some bytes", name))
    again = await stage.call(method, chat_id=stage.bob.id, **{field: first[field]["file_id"]})
    assert again[field] == first[field]
    assert first[field]["file_size"] == 10


async def test_a_live_photo(stage: Stage) -> None:
    form = aiohttp.FormData({"chat_id": str(stage.ada.id)})
    form.add_field("live_photo", b"video bytes", filename="a.mp4")
    form.add_field("photo", PNG, filename="a.png")
    sent = await stage.call("sendLivePhoto", form)
    live = sent["live_photo"]
    assert live["photo"][-1]["width"] == 40
    again = await stage.call(
        "sendLivePhoto", chat_id=stage.bob.id, live_photo=live["file_id"], photo=live["photo"][-1]["file_id"]
    )
    assert again["live_photo"]["file_unique_id"] == live["file_unique_id"]


async def test_a_made_up_file_is_always_the_same(stage: Stage) -> None:
    file = stage.world.media.made_up("video", 1_000_003).file
    whole = b"".join(file.pieces())
    assert len(whole) == 1_000_003
    assert whole[4:8] == b"ftyp"
    assert hashlib.sha256(whole).hexdigest() == file.digest()
    other = stage.world.media.made_up("video", 1_000_003).file
    assert other.digest() != file.digest()
    assert b"".join(other.pieces()) != whole
