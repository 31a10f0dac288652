"""MP4 and QuickTime: boxes in boxes. Pure.

What tells of the maker (where, with what, by whom) stands in boxes of its own. Other boxes name
places in the file, so those are blanked where they are: as many zeros under a name that means
free room. The film itself, and tracks that a camera made beside it, pass as they are.
"""

from shard.cleaning.filters import Filter, Stretch, blanked, kept

STILLS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx "))
"""Brands of pictures in the same boxes, whose look depends on what would be blanked."""

_ENTERED = frozenset((b"moov", b"trak", b"moof", b"traf"))
_TELLING = frozenset((b"udta", b"meta", b"uuid", b"XMP_", b"free", b"skip", b"junk", b"pnot", b"PICT"))
_TO_THE_END = 1 << 62


class Mp4Filter(Filter):
    """One film on its way."""

    def __init__(self) -> None:
        super().__init__(self._box)

    def _box(self) -> bytes | None:
        if len(self.held) < 8:
            return None
        size, name = int.from_bytes(self.held[:4]), bytes(self.held[4:8])
        length = 16 if size == 1 else 8
        if len(self.held) < length:
            return None
        head = self.take(length)
        if size == 1:
            size = int.from_bytes(head[8:])
        left = _TO_THE_END if size == 0 else size - length
        if left < 0:
            # No film any more.
            self.step = self._after
            return b""
        if name in _ENTERED:
            return head
        telling = name in _TELLING
        self.step = Stretch(self, left, self._box, treat=blanked if telling else kept)
        return head[:4] + b"free" + head[8:] if telling else head

    def _after(self) -> bytes | None:
        self.over()
        return None
