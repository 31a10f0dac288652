"""JPEG: segments of at most 64 KiB, then the picture's own bytes up to the next marker. Pure.

Left out: Exif (but which way up), XMP, IPTC, comments, small pictures inside, makers' own segments,
and all behind the end: phones put further pictures and films there, with Exif of their own.
"""

import re

from shard.cleaning import exif
from shard.cleaning.filters import Filter

_START, _END, _SCAN, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_NEEDED = frozenset(range(0xC0, 0xD0)) | frozenset((0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF))
_BARE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
"""Markers that nothing belongs to."""

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
"""What ends a picture's bytes: an escaped 0xFF or a restart does not."""

_JFIF, _EXIF, _PROFILE, _ADOBE = b"JFIF\0", b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe"


class JpegFilter(Filter):
    """One JPEG on its way."""

    def __init__(self) -> None:
        super().__init__(self._beginning)
        self._told_way_up = False

    def _beginning(self) -> bytes | None:
        if len(self.held) < 2:
            return None
        self.step = self._segment
        return self.take(2)

    def _segment(self) -> bytes | None:
        """The next marker with what belongs to it."""
        at = self.held.find(b"\xff")
        if at != 0:
            # No marker where one should be: readers skip such bytes, so nobody misses them.
            del self.held[: len(self.held) if at < 0 else at]
            return None if at < 0 else b""
        if len(self.held) < 2:
            return None
        marker = self.held[1]
        if marker == 0xFF:
            del self.held[:1]
            return b""
        if marker in _BARE:
            del self.held[:2]
            return b""
        if marker == _END:
            self.over()
            self.step = self._after
            return b"\xff\xd9"
        if len(self.held) < 4:
            return None
        size = int.from_bytes(self.held[2:4])
        if len(self.held) < 2 + size:
            return None
        whole = self.take(2 + max(size, 2))
        if marker == _SCAN:
            self.step = self._picture
        return self._passing(marker, whole)

    def _picture(self) -> bytes | None:
        found = _MARKER.search(self.held)
        if found is not None:
            self.step = self._segment
            return self.take(found.start())
        # A lone 0xFF at the end may be half of a marker.
        count = len(self.held) - self.held.endswith(b"\xff")
        return self.take(count) if count else None

    def _after(self) -> bytes | None:
        self.over()
        return None

    def _passing(self, marker: int, whole: bytes) -> bytes:
        said = whole[4:]
        if marker in _NEEDED:
            return whole
        if marker == 0xE0 and said.startswith(_JFIF) and len(said) >= 14:
            # Without the small picture that may follow.
            return b"\xff\xe0\x00\x10" + said[:12] + b"\0\0"
        if marker == 0xE1 and said.startswith(_EXIF) and not self._told_way_up:
            self._told_way_up = True
            way_up = exif.orientation(said[len(_EXIF) :])
            tells = _EXIF + exif.minimal(way_up)
            return b"\xff\xe1" + (len(tells) + 2).to_bytes(2) + tells if way_up != 1 else b""
        if marker == 0xE2 and said.startswith(_PROFILE):
            return whole
        if marker == 0xEE and said.startswith(_ADOBE) and len(said) >= 12:
            return b"\xff\xee\x00\x0e" + said[:12]
        return b""
