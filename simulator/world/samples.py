"""Beginnings of files that look right, and sizes read from pictures."""

import struct
import zlib

#: The first bytes of made-up files, so that what reads them takes them for what they are.
HEADS: dict[str, bytes] = {
    "photo": bytes.fromhex("ffd8ffe000104a46494600010100000100010000"),
    "thumbnail": bytes.fromhex("ffd8ffe000104a46494600010100000100010000"),
    "video": bytes.fromhex("0000001866747970") + b"mp42\0\0\0\0mp42isom",
    "animation": bytes.fromhex("0000001866747970") + b"mp42\0\0\0\0mp42isom",
    "video_note": bytes.fromhex("0000001866747970") + b"mp42\0\0\0\0mp42isom",
    "live_photo": bytes.fromhex("0000001866747970") + b"mp42\0\0\0\0mp42isom",
    "voice": b"OggS\0\2",
    "audio": b"ID3\3\0",
    "sticker": b"RIFF\0\0\0\0WEBPVP8L",
}
MIMES = {
    "photo": "image/jpeg",
    "video": "video/mp4",
    "animation": "video/mp4",
    "video_note": "video/mp4",
    "live_photo": "video/mp4",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "sticker": "image/webp",
    "document": "application/octet-stream",
}


def png(width: int, height: int, red: int, green: int, blue: int) -> bytes:
    """A real picture of one colour, fading to the right."""
    rows = bytearray()
    for _ in range(height):
        rows.append(0)
        for column in range(width):
            light = 256 - column * 128 // max(width, 1)
            rows.extend((red * light >> 8, green * light >> 8, blue * light >> 8))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(bytes(rows))),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture from its first bytes; None when it is not a picture.

    A JPEG whose size stands further in counts as 1280 x 960.
    """
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return int(width), int(height)
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data) or (1280, 960)
    if (data[:4] == b"RIFF" and data[8:12] == b"WEBP") or data[:2] == b"BM":
        return 512, 512
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return int(width), int(height)
        at += 2 + size
    return None
