"""The one thing of Exif that a picture needs: which way up it is. Pure."""

import struct

_TAG = 0x0112
_UPRIGHT = 1
_ENTRIES_MOST = 1_000


def orientation(tiff: bytes) -> int:
    """1 to 8 as Exif counts; 1, upright, where it is not said or makes no sense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return _UPRIGHT
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(min(count, _ENTRIES_MOST)):
            tag, kind, number, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * entry)
            if (tag, kind, number) == (_TAG, 3, 1):
                return int(value) if 1 <= value <= 8 else _UPRIGHT
    except struct.error:
        pass
    return _UPRIGHT


def minimal(way_up: int) -> bytes:
    """Exif that tells just this."""
    return struct.pack("<4sIHHHIHHI", b"II*\0", 8, 1, _TAG, 3, 1, way_up, 0, 0)
