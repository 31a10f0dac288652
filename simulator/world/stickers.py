"""Sticker sets and custom emoji."""

from dataclasses import dataclass, field

from simulator.world.actors import Json
from simulator.world.files import Facts, File, FileStore
from simulator.world.identity import BotId
from simulator.world.media import Media
from simulator.world.messages import Attachment, attachment_json
from simulator.world.samples import HEADS, png


@dataclass(slots=True, eq=False)
class StickerSet:
    """A set: stickers of one format (`static`, `animated`, `video`), or custom emoji."""

    name: str
    title: str
    kind: str = "regular"
    form: str = "static"
    stickers: list[Attachment] = field(default_factory=list)


class StickerSets:
    """All sets, by name, and all custom emoji, by id. A few are there from the start."""

    def __init__(self, files: FileStore, media: Media) -> None:
        self._files = files
        self._media = media
        self.sets: dict[str, StickerSet] = {}
        self.emoji: dict[str, Attachment] = {}
        self.create("SimFaces_by_sim", "Faces", ["😀", "😢", "😡", "😍"])
        self.create("SimMoves_by_sim", "Moves", ["🎉", "🕺"], form="animated")
        self.create("SimClips_by_sim", "Clips", ["🐈", "🐕"], form="video")
        self.create("SimEmoji_by_sim", "Emoji", ["👋", "🔥", "⭐"], kind="custom_emoji")

    def create(
        self, name: str, title: str, emoji: list[str], *, kind: str = "regular", form: str = "static"
    ) -> StickerSet:
        """A set with one made sticker for each emoji. An older set of that name is replaced."""
        made = StickerSet(name, title, kind, form)
        self.sets[name] = made
        for number, symbol in enumerate(emoji):
            colours = (90 + 60 * number % 160, 200 - 50 * number % 150, 120 + 70 * number % 130)
            data = (
                png(128, 128, *colours)
                if form == "static"
                else HEADS["sticker"] + name.encode() + bytes([number])
            )
            file = self._files.add(data, Facts("sticker", width=512, height=512))
            self.put(made, file, symbol)
        return made

    def put(self, into: StickerSet, file: File, emoji: str) -> Attachment:
        """Adds one sticker to a set."""
        extra: Json = {
            "type": into.kind,
            "is_animated": into.form == "animated",
            "is_video": into.form == "video",
            "emoji": emoji,
            "set_name": into.name,
        }
        if into.kind == "custom_emoji":
            extra["custom_emoji_id"] = str(5_300_000_000_000_000_000 + file.number)
        thumbnail = self._files.add(png(64, 64, 120, 120, 200), Facts("thumbnail", width=128, height=128))
        sticker = self._media.remember(Attachment("sticker", file, thumbnail=thumbnail, extra=extra))
        into.stickers.append(sticker)
        if into.kind == "custom_emoji":
            self.emoji[extra["custom_emoji_id"]] = sticker
        return sticker

    def show(self, bot: BotId, sticker: Attachment) -> Json:
        """A Sticker object for this bot."""
        shown: Json = attachment_json(self._files, bot, sticker)["sticker"]
        return shown

    def show_set(self, bot: BotId, one: StickerSet) -> Json:
        return {
            "name": one.name,
            "title": one.title,
            "sticker_type": one.kind,
            "stickers": [self.show(bot, sticker) for sticker in one.stickers],
        }
