"""A very small painter: soft-edged shapes on a canvas, written out as PNG.

Enough for the demo's photos and stickers, so that no picture has to lie in the repository.
"""

import math
import struct
import zlib
from collections.abc import Sequence

Colour = tuple[int, int, int]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` (0 to 1) of the way from `first` to `second`."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


class Canvas:
    """Pixels as RGBA bytes, row by row from the top left; transparent at first."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._pixels = bytearray(width * height * 4)

    def gradient(self, stops: Sequence[Colour], top: int = 0, bottom: int | None = None) -> None:
        """Fill the rows from `top` to `bottom` (to the end, when None) with colours through `stops`."""
        last = self.height if bottom is None else bottom
        for y in range(top, last):
            place = (y - top) / max(1, last - top - 1) * (len(stops) - 1)
            index = min(int(place), len(stops) - 2)
            row = bytes((*mix(stops[index], stops[index + 1], place - index), 255)) * self.width
            self._pixels[y * self.width * 4 : (y + 1) * self.width * 4] = row

    def ground(self, heights: Sequence[float], colour: Colour) -> None:
        """Fill each column from `heights[x]` (pixels from the top, may be fractional) down to the bottom."""
        stride = self.width * 4
        for x, height in enumerate(heights):
            top = max(0, math.ceil(height))
            if top > 0:
                self.dot(x, top - 1, colour, top - height)
            count = self.height - top
            if count > 0:
                start = top * stride + x * 4
                for channel, value in enumerate((*colour, 255)):
                    self._pixels[start + channel :: stride] = bytes([value]) * count

    def box(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """Fill the rectangle; right and bottom are not part of it, and what lies outside is left out."""
        left, right = max(0, left), min(self.width, right)
        if left >= right:
            return
        row = bytes((*colour, 255)) * (right - left)
        for y in range(max(0, top), min(self.height, bottom)):
            start = (y * self.width + left) * 4
            self._pixels[start : start + len(row)] = row

    def oval(self, cx: float, cy: float, rx: float, ry: float, colour: Colour, strength: float = 1.0) -> None:
        """Fill the ellipse around (cx, cy) with a soft edge of one pixel."""
        solid = bytes((*colour, 255))
        for y in range(max(0, math.floor(cy - ry - 1)), min(self.height, math.ceil(cy + ry + 2))):
            reach = 1 - ((y - cy) / (ry + 1)) ** 2
            if reach <= 0:
                continue
            left = max(0, math.floor(cx - (rx + 1) * math.sqrt(reach)))
            right = min(self.width - 1, math.ceil(cx + (rx + 1) * math.sqrt(reach)))
            inner = 1 - ((y - cy) / (ry - 1)) ** 2 if ry > 1 and rx > 1 else -1.0
            span = (rx - 1) * math.sqrt(inner) if inner > 0 else -1.0
            inside = (
                range(max(0, math.ceil(cx - span)), min(self.width, math.floor(cx + span) + 1))
                if span > 0
                else range(0)
            )
            if inside and strength >= 1:
                start = (y * self.width + inside.start) * 4
                self._pixels[start : start + len(inside) * 4] = solid * len(inside)
            for x in range(left, right + 1):
                if x in inside:
                    if strength < 1:
                        self.dot(x, y, colour, strength)
                    continue
                distance = math.hypot((x - cx) / rx, (y - cy) / ry)
                cover = (1 - distance) * min(rx, ry) + 0.5
                self.dot(x, y, colour, min(1.0, cover) * strength)

    def stroke(self, points: Sequence[tuple[float, float]], width: float, colour: Colour) -> None:
        """Draw a line with round ends through `points`, no further apart than the line is wide."""
        half = width / 2
        xs = [x for x, _ in points]
        ys = [y for _, y in points]
        for y in range(max(0, int(min(ys) - half) - 1), min(self.height, int(max(ys) + half) + 2)):
            for x in range(max(0, int(min(xs) - half) - 1), min(self.width, int(max(xs) + half) + 2)):
                distance = min((x - px) ** 2 + (y - py) ** 2 for px, py in points) ** 0.5
                self.dot(x, y, colour, min(1.0, half - distance + 0.5))

    def dot(self, x: int, y: int, colour: Colour, strength: float) -> None:
        """Blend one pixel, `strength` from 0 (nothing) to 1 (all); outside the canvas nothing happens."""
        if strength <= 0 or not (0 <= x < self.width and 0 <= y < self.height):
            return
        at = (y * self.width + x) * 4
        under = self._pixels[at + 3] / 255
        alpha = strength + under * (1 - strength)
        for channel in range(3):
            below = self._pixels[at + channel] * under * (1 - strength)
            self._pixels[at + channel] = round((colour[channel] * strength + below) / alpha)
        self._pixels[at + 3] = round(alpha * 255)

    def png(self) -> bytes:
        """The canvas as a PNG file with transparency."""
        stride = self.width * 4
        rows = b"".join(
            b"\0" + bytes(self._pixels[y * stride : (y + 1) * stride]) for y in range(self.height)
        )
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 6, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
