"""WebP: one RIFF whose length stands at its beginning, before anybody knows what is left out. Pure.

So what is left out is blanked instead: as many zeros under a name that readers pass over.
"""

from shard.cleaning import exif
from shard.cleaning.filters import Filter, Stretch, blanked, kept

_PASSING = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_EXIF_MOST = 262_144
_HAS_XMP = 0x04
_HEAD = 12


class WebpFilter(Filter):
    """One WebP on its way."""

    def __init__(self) -> None:
        super().__init__(self._beginning)
        self._left = 0
        self._exif = 0
        self._rest = Stretch(self, 0, self._chunk, treat=kept)

    def _beginning(self) -> bytes | None:
        if len(self.held) < _HEAD:
            return None
        head = self.take(_HEAD)
        self._left = max(0, int.from_bytes(head[4:8], "little") - 4)
        self.step = self._chunk
        return head

    def _chunk(self) -> bytes | None:
        if self._left < 8:
            self.step = self._after
            return b""
        if len(self.held) < 8:
            return None
        head = self.take(8)
        name, length = head[:4], int.from_bytes(head[4:], "little")
        padded = min(length + length % 2, self._left - 8)
        self._left -= 8 + padded
        if name == b"EXIF" and padded <= _EXIF_MOST:
            self._exif = padded
            self.step = self._way_up
            return head
        passes = name in _PASSING
        self._rest = Stretch(self, padded, self._chunk, treat=kept if passes else blanked)
        self.step = self._features if name == b"VP8X" and padded else self._rest
        return head if passes else b"JUNK" + head[4:]

    def _features(self) -> bytes | None:
        """The first byte of VP8X says what there is; XMP is not there any more."""
        if not self.held:
            return None
        self.step = self._rest
        self._rest.size -= 1
        return bytes([self.take(1)[0] & ~_HAS_XMP])

    def _way_up(self) -> bytes | None:
        if len(self.held) < self._exif:
            return None
        said = self.take(self._exif).removeprefix(b"Exif\0\0")
        tells = exif.minimal(exif.orientation(said))
        self.step = self._chunk
        return tells.ljust(self._exif, b"\0") if self._exif >= len(tells) else bytes(self._exif)

    def _after(self) -> bytes | None:
        self.over()
        return None
