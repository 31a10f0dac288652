"""Makes attachments out of files, and knows them again when a bot sends them by file id."""

from dataclasses import dataclass, replace
from pathlib import Path

from simulator.errors import bad_request
from simulator.world.actors import Json
from simulator.world.files import Content, Facts, File, FileStore, Made
from simulator.world.messages import Attachment
from simulator.world.samples import HEADS, MIMES, picture_size, png

_PHOTO_TYPE = "photo"
_NAMED = {"photo": "Photo", "video_note": "VideoNote", "voice": "VoiceNote"}
_LONGEST_PHOTO_SIDE = 10_000
PHOTO_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is new to Telegram, and what its sender says about it."""

    content: Content
    name: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""

    def head(self) -> bytes:
        """The first 64 KiB."""
        match self.content:
            case bytes():
                return self.content[:65536]
            case Path():
                with self.content.open("rb") as opened:
                    return opened.read(65536)
            case Made():
                return self.content.read(0, 65536)


_NOTHING = Source(b"")


class Media:
    """All attachments that were ever made, by each of their files."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._known: dict[int, Attachment] = {}

    def remember(self, attachment: Attachment) -> Attachment:
        for file in (attachment.file, *attachment.sizes):
            self._known[file.number] = attachment
        return attachment

    def of(self, file: File) -> Attachment | None:
        """The attachment that a file belongs to."""
        return self._known.get(file.number)

    def resend(self, file: File, wanted: str) -> Attachment:
        """What comes out when a known file is sent as `wanted`; ApiError (400) if it cannot be."""
        if file.kind == "thumbnail":
            raise bad_request(f"can't use file of type Thumbnail as {name_of(wanted)}")
        if (file.kind == _PHOTO_TYPE) != (wanted == _PHOTO_TYPE):
            raise bad_request(f"can't use file of type {name_of(file.kind)} as {name_of(wanted)}")
        known = self._known.get(file.number)
        return known if known is not None else Attachment(file.kind, file)

    def make(self, kind: str, source: Source, thumbnail: Source | None = None) -> Attachment:
        """A new attachment from bytes. ApiError (400) where they are not what they should be."""
        if _size(source.content) == 0:
            raise bad_request("file must be non-empty")
        small = self._thumbnail(thumbnail, kind)
        match kind:
            case "photo":
                return self.remember(self._photo(source))
            case "sticker":
                return self.remember(self._sticker(source, small))
            case _:
                facts = Facts(
                    kind,
                    source.name,
                    source.mime or MIMES[kind],
                    source.width,
                    source.height,
                    source.duration,
                    source.title,
                    source.performer,
                )
                return self.remember(
                    Attachment(kind, self._files.add(source.content, facts), thumbnail=small)
                )

    def live_photo(self, video: Source, photo: Attachment) -> Attachment:
        """A photo that moves: the video with the still picture beside it."""
        facts = Facts("live_photo", mime=MIMES["video"], width=video.width, height=video.height, duration=3)
        file = self._files.add(video.content, facts)
        return self.remember(Attachment("live_photo", file, cover=(*photo.sizes, photo.file)))

    def made_up(
        self, kind: str, size: int, facts: Source = _NOTHING, thumbnail: Source | None = None
    ) -> Attachment:
        """A file of `size` bytes that looks like its kind and is written only when read."""
        content = Made(HEADS.get(kind, b""), len(self._files) + 1, size)
        return self.make(kind, replace(facts, content=content), thumbnail)

    def _photo(self, source: Source) -> Attachment:
        found = picture_size(source.head())
        if found is None:
            raise bad_request("IMAGE_PROCESS_FAILED")
        if _size(source.content) > PHOTO_LIMIT:
            raise bad_request("file is too big")
        width, height = source.width or found[0], source.height or found[1]
        if width + height > _LONGEST_PHOTO_SIDE:
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        sizes = []
        for longest in (90, 320):
            if longest < max(width, height):
                scale = longest / max(width, height)
                facts = Facts("photo", width=max(1, int(width * scale)), height=max(1, int(height * scale)))
                sizes.append(self._files.add(_SMALL, facts))
        facts = Facts("photo", mime="image/jpeg", width=width, height=height)
        return Attachment("photo", self._files.add(source.content, facts), tuple(sizes))

    def _sticker(self, source: Source, thumbnail: File | None) -> Attachment:
        form = {".tgs": "animated", ".webm": "video"}.get(Path(source.name).suffix.lower(), "static")
        facts = Facts("sticker", mime=source.mime, width=512, height=512)
        extra: Json = {"type": "regular", "is_animated": form == "animated", "is_video": form == "video"}
        if source.emoji:
            extra["emoji"] = source.emoji
        return Attachment("sticker", self._files.add(source.content, facts), thumbnail=thumbnail, extra=extra)

    def _thumbnail(self, source: Source | None, kind: str) -> File | None:
        if source is None or kind in ("photo", "voice"):
            return None
        found = picture_size(source.head()) or (320, 320)
        return self._files.add(source.content, Facts("thumbnail", width=found[0], height=found[1]))


def name_of(kind: str) -> str:
    """How Telegram's words name a kind of file."""
    return _NAMED.get(kind, kind.capitalize())


def _size(content: Content) -> int:
    match content:
        case bytes():
            return len(content)
        case Path():
            return content.stat().st_size
        case Made():
            return content.size


_SMALL = png(32, 24, 140, 160, 200)
