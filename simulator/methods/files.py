"""Files and stickers by name."""

from typing import Any

from simulator.errors import bad_request
from simulator.methods.call import Call
from simulator.methods.parts import input_file
from simulator.world.actors import Json
from simulator.world.files import Facts
from simulator.world.messages import file_json
from simulator.world.stickers import StickerSet

DOWNLOAD_LIMIT = 20 * 1024 * 1024


def get_file(call: Call) -> Json:
    file = call.world.files.open(call.bot.id, call.params["file_id"])
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if call.world.options.local:
        return {
            **file_json(call.world.files, call.bot.id, file),
            "file_path": str(call.world.files.on_disk(call.bot.token, file)),
        }
    if file.size > DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    path = call.world.files.publish(call.bot.id, file, call.world.clock.wall())
    return {**file_json(call.world.files, call.bot.id, file), "file_path": path}


def get_sticker_set(call: Call) -> Json:
    return call.world.stickers.show_set(call.bot.id, _set(call))


def _set(call: Call) -> StickerSet:
    found = call.world.stickers.sets.get(call.params["name"])
    if found is None:
        raise bad_request("STICKERSET_INVALID")
    return found


def get_custom_emoji(call: Call) -> list[Json]:
    ids: list[str] = call.params["custom_emoji_ids"]
    if len(ids) > 200:
        raise bad_request("too many custom emoji identifiers specified")
    known = call.world.stickers.emoji
    if any(not one.isdigit() for one in ids):
        raise bad_request("invalid custom emoji identifier specified")
    return [call.world.stickers.show(call.bot.id, known[one]) for one in ids if one in known]


def upload_sticker(call: Call) -> Json:
    sticker = input_file(call, call.params["sticker"], "sticker")
    return file_json(call.world.files, call.bot.id, sticker.file)


def _form(item: Json) -> str:
    form: str = item["format"]
    if form not in ("static", "animated", "video"):
        raise bad_request("sticker format must be one of static, animated, video")
    return form


def create_set(call: Call) -> bool:
    params = call.params
    name: str = params["name"]
    if not name.lower().endswith(f"_by_{call.bot.username.lower()}"):
        raise bad_request("invalid sticker set name is specified")
    if name in call.world.stickers.sets:
        raise bad_request("sticker set name is already occupied")
    if not params["stickers"]:
        raise bad_request("STICKERS_EMPTY")
    made = StickerSet(
        name, params["title"], params.get("sticker_type", "regular"), _form(params["stickers"][0])
    )
    for item in params["stickers"]:
        _put(call, made, item)
    call.world.stickers.sets[name] = made
    return True


def _put(call: Call, into: StickerSet, item: Json) -> None:
    given = input_file(call, item["sticker"], "sticker")
    facts = Facts("sticker", width=512, height=512)
    file = call.world.files.add(given.file.content, facts)
    call.world.stickers.put(into, file, item["emoji_list"][0] if item["emoji_list"] else "🙂")


def add_to_set(call: Call) -> bool:
    _put(call, _set(call), call.params["sticker"])
    return True


def delete_from_set(call: Call) -> bool:
    file = call.world.files.for_sending(call.bot.id, call.params["sticker"])
    for one in call.world.stickers.sets.values():
        for sticker in one.stickers:
            if sticker.file is file:
                one.stickers.remove(sticker)
                return True
    raise bad_request("STICKER_INVALID")


def delete_set(call: Call) -> bool:
    del call.world.stickers.sets[_set(call).name]
    return True


def get_profile_photos(call: Call) -> Json:
    if call.world.people.get(call.params["user_id"]) is None:
        raise bad_request("user not found")
    return {"total_count": 0, "photos": []}


METHODS: dict[str, Any] = {
    "getFile": get_file,
    "getStickerSet": get_sticker_set,
    "getCustomEmojiStickers": get_custom_emoji,
    "uploadStickerFile": upload_sticker,
    "createNewStickerSet": create_set,
    "addStickerToSet": add_to_set,
    "deleteStickerFromSet": delete_from_set,
    "deleteStickerSet": delete_set,
    "getUserProfilePhotos": get_profile_photos,
}
