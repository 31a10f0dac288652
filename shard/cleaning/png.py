"""PNG: chunks with a length, a name and a check sum. Only what makes the picture passes. Pure."""

import zlib

from shard.cleaning import exif
from shard.cleaning.filters import Filter, Stretch, dropped, kept

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PASSING = frozenset(
    b"""IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB bKGD hIST pHYs sPLT cICP mDCV cLLI acTL fcTL
    fdAT""".split()
)
_EXIF_MOST = 262_144
_LENGTH_MOST = 0x7FFF_FFFF


class PngFilter(Filter):
    """One PNG on its way."""

    def __init__(self) -> None:
        super().__init__(self._beginning)
        self._exif = 0

    def _beginning(self) -> bytes | None:
        if len(self.held) < len(SIGNATURE):
            return None
        self.step = self._chunk
        return self.take(len(SIGNATURE))

    def _chunk(self) -> bytes | None:
        if len(self.held) < 8:
            return None
        head = self.take(8)
        length, name = int.from_bytes(head[:4]), head[4:]
        if length > _LENGTH_MOST or not name.isalpha():
            # No PNG any more.
            self.step = self._after
            return b""
        if name == b"eXIf" and length <= _EXIF_MOST:
            self._exif = length
            self.step = self._way_up
            return b""
        passes = name in _PASSING
        self.step = Stretch(
            *(self, length + 4, self._after if name == b"IEND" else self._chunk),
            treat=kept if passes else dropped,
        )
        return head if passes else b""

    def _way_up(self) -> bytes | None:
        if len(self.held) < self._exif + 4:
            return None
        way_up = exif.orientation(self.take(self._exif + 4)[:-4])
        self.step = self._chunk
        if way_up == 1:
            return b""
        said = b"eXIf" + exif.minimal(way_up)
        return (len(said) - 4).to_bytes(4) + said + zlib.crc32(said).to_bytes(4)

    def _after(self) -> bytes | None:
        self.over()
        return None
