"""Files: their bytes, their two kinds of id, what is known about them.

Small files stay in memory, larger ones go to a temporary folder that is removed with the store;
a *made-up* file has a size but no bytes until somebody reads it, so that a person can send 2 GB.
"""

import functools
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from simulator.errors import bad_request
from simulator.world.identity import BotId, Identity

IN_MEMORY = 256 * 1024
_PIECE = 64 * 1024
_PERIOD = 64
#: Telegram promises an hour; nobody should build on more.
LINK_LIFETIME = 3600.0


@dataclass(frozen=True, slots=True)
class Made:
    """Bytes by rule: `head`, then a pattern that depends on `number`, up to `size`."""

    head: bytes
    number: int
    size: int

    def read(self, start: int, stop: int) -> bytes:
        stop = min(stop, self.size)
        pattern = _pattern(self.number)
        at = start % _PERIOD
        raw = pattern * ((at + stop - start) // len(pattern) + 1)
        piece = raw[at : at + stop - start]
        head = self.head[start:stop]
        return head + piece[len(head) :] if head else piece


@functools.lru_cache(64)
def _pattern(number: int) -> bytes:
    """A piece of it and one period more, so that most pieces are one slice."""
    return hashlib.blake2b(str(number).encode(), digest_size=_PERIOD).digest() * (_PIECE // _PERIOD + 1)


Content = bytes | Path | Made


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """One file as Telegram keeps it. Lengths in pixels, durations in seconds, 0 = not known."""

    number: int
    kind: str
    unique_id: str
    size: int
    content: Content = field(repr=False)
    name: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""

    def pieces(self) -> Iterator[bytes]:
        """The bytes, a little at a time: who hands them on shall have time for others in between."""
        match self.content:
            case bytes():
                yield self.content
            case Path():
                with self.content.open("rb") as source:
                    while piece := source.read(_PIECE):
                        yield piece
            case Made():
                for start in range(0, self.size, _PIECE):
                    yield self.content.read(start, start + _PIECE)

    def digest(self) -> str:
        """SHA-256 of the bytes, in hex."""
        seen = hashlib.sha256()
        for piece in self.pieces():
            seen.update(piece)
        return seen.hexdigest()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sender says about a file that is to be kept."""

    kind: str
    name: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""


class FileStore:
    """All files of a world, by number; file ids are computed, not remembered."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._files: dict[int, File] = {}
        self._by_unique: dict[str, File] = {}
        self._folder: Path | None = None
        self._paths: dict[str, tuple[File, float]] = {}

    def __len__(self) -> int:
        return len(self._files)

    def folder(self) -> Path:
        """Where uploads that are too big for memory are written; made at first use."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="simulator-files-"))
        return self._folder

    def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def add(self, content: Content, facts: Facts) -> File:
        """Keeps a file under a new number."""
        number = len(self._files) + 1
        match content:
            case bytes():
                size = len(content)
            case Path():
                size = content.stat().st_size
            case Made():
                size = content.size
        file = File(
            number,
            facts.kind,
            self._identity.unique_id(facts.kind, number),
            size,
            content,
            facts.name,
            facts.mime,
            facts.width,
            facts.height,
            facts.duration,
            facts.title,
            facts.performer,
        )
        self._files[number] = file
        self._by_unique[file.unique_id] = file
        return file

    def make_up(self, size: int, facts: Facts, head: bytes = b"") -> File:
        """A file of `size` bytes that are made when read."""
        return self.add(Made(head, len(self._files) + 1, size), facts)

    def by_unique(self, unique_id: str) -> File | None:
        return self._by_unique.get(unique_id)

    def id_for(self, bot: BotId, file: File) -> str:
        """The file's id as this bot knows it."""
        return self._identity.file_id(file.kind, bot, file.number)

    def open(self, bot: BotId, file_id: str) -> File | None:
        """The file behind an id; None when the id is unknown or belongs to another bot."""
        opened = self._identity.open_file_id(file_id)
        if opened is None or opened[1] != bot:
            return None
        return self._files.get(opened[2])

    def for_sending(self, bot: BotId, file_id: str) -> File:
        """As `open`; raises ApiError (400) in Telegram's words."""
        file = self.open(bot, file_id)
        if file is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return file

    def on_disk(self, token: str, file: File) -> Path:
        """Where a local Bot API server has the bytes: below a folder that is called like the token."""
        path = self.folder() / token / self._place(file)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(file.content, Path):
                path.hardlink_to(file.content)
            else:
                with path.open("wb") as target:
                    target.writelines(file.pieces())
        return path

    def publish(self, bot: BotId, file: File, now: float) -> str:
        """The path under which the bot may fetch the file for an hour."""
        path = self._place(file)
        self._paths[f"{bot}/{path}"] = (file, now)
        return path

    @staticmethod
    def _place(file: File) -> str:
        """A folder for the kind, and the server's own name for the file."""
        folder = {"photo": "photos", "sticker": "stickers", "voice": "voice", "audio": "music"}.get(
            file.kind, "videos" if "video" in file.kind else "documents"
        )
        ending = Path(file.name).suffix or _ENDINGS.get(file.kind, "")
        return f"{folder}/file_{file.number}{ending}"

    def published(self, bot: BotId, path: str, now: float) -> File | None:
        """The file behind a path; None when there is none or the hour is over."""
        file, since = self._paths.get(f"{bot}/{path}", (None, 0.0))
        return file if now - since <= LINK_LIFETIME else None


_ENDINGS = {
    "photo": ".jpg",
    "thumbnail": ".jpg",
    "video": ".mp4",
    "animation": ".mp4",
    "video_note": ".mp4",
    "live_photo": ".mp4",
    "voice": ".oga",
    "audio": ".mp3",
    "sticker": ".webp",
}
