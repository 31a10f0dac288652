"""The photos and stickers of the demo, painted when they are first asked for."""

import math
import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from simulator.people.paint import Canvas, Colour, mix

PHOTO_SIZE: Final = (480, 360)
STICKER_SIZE: Final = (192, 192)
STICKER_SET: Final = "duologue_faces"

_INK: Final = (62, 43, 35)
_WHITE: Final = (255, 255, 255)


@cache
def photo(name: str) -> bytes:
    """The photo of this name (one of PHOTOS) as a PNG file of PHOTO_SIZE; KeyError for another name."""
    canvas = Canvas(*PHOTO_SIZE)
    _SCENES[name](canvas, random.Random(name))
    return canvas.png()


@cache
def sticker(name: str) -> bytes:
    """The sticker of this name (one of STICKERS) as a PNG file of STICKER_SIZE; KeyError for another name."""
    canvas = Canvas(*STICKER_SIZE)
    _FACES[name](canvas)
    return canvas.png()


def _hills(rng: random.Random, base: float, swing: float, width: int) -> list[float]:
    """A rolling horizon: a sum of waves around `base`, at most `swing` pixels up or down."""
    waves = [
        (rng.uniform(0.6, 1.4) * (2**k) * math.tau / width, rng.uniform(0, math.tau), 0.55**k)
        for k in range(5)
    ]
    total = sum(weight for *_, weight in waves)
    return [
        base + swing * sum(weight * math.sin(x * pace + shift) for pace, shift, weight in waves) / total
        for x in range(width)
    ]


def _layers(
    canvas: Canvas, rng: random.Random, near: Colour, far: Colour, bases: Sequence[float], swing: float
) -> None:
    for index, base in enumerate(bases):
        colour = mix(far, near, index / max(1, len(bases) - 1))
        canvas.ground(_hills(rng, base * canvas.height, swing * canvas.height, canvas.width), colour)


def _sunset(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient([(58, 44, 104), (196, 84, 122), (250, 158, 94), (255, 214, 142)], 0, 270)
    for ring, strength in ((92, 0.10), (70, 0.16), (52, 0.25)):
        canvas.oval(300, 208, ring, ring, (255, 236, 190), strength)
    canvas.oval(300, 208, 38, 38, (255, 244, 214))
    _layers(canvas, rng, (38, 24, 58), (150, 74, 110), (0.66, 0.76, 0.88), 0.06)


def _mountains(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient([(120, 182, 236), (206, 232, 248)])
    for cx, cy in ((96, 70), (350, 50)):
        for dx, r in ((-34, 15), (-12, 22), (16, 19), (38, 12)):
            canvas.oval(cx + dx, cy, r * 1.4, r * 0.72, _WHITE, 0.85)
    width = canvas.width
    for peak, top, slope, colour in ((330, 96, 0.95, (124, 142, 178)), (150, 120, 0.8, (92, 112, 152))):
        rough = _hills(rng, 0, 7, width)
        ridge = [top + abs(x - peak) * slope + rough[x] * min(1.0, abs(x - peak) / 30) for x in range(width)]
        canvas.ground(ridge, colour)
        edge = _hills(rng, 26, 16, width)
        for x in range(max(0, peak - 60), min(width, peak + 60)):
            for y in range(max(0, int(ridge[x]) + 1), int(top + 42 + edge[(x * 5) % width] * 0.6)):
                canvas.dot(x, y, (248, 250, 255), 0.95)
    _layers(canvas, rng, (52, 96, 70), (96, 146, 108), (0.74, 0.86), 0.05)


def _sea(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient([(96, 176, 232), (226, 242, 250)], 0, 170)
    canvas.gradient([(38, 126, 178), (72, 180, 196), (150, 222, 214)], 170)
    canvas.oval(90, 64, 30, 30, (255, 250, 222))
    for _ in range(70):
        y = rng.randrange(176, 286)
        x, length = rng.randrange(canvas.width), rng.randrange(6, 10 + (y - 170) // 4)
        for step in range(length):
            canvas.dot(x + step, y, _WHITE, 0.5)
    canvas.ground(_hills(rng, 306, 12, canvas.width), (236, 246, 244))
    canvas.ground(_hills(rng, 318, 10, canvas.width), (240, 214, 164))
    hull = [(280.0 + step, 192 + 7 * math.sin(step / 56 * math.pi)) for step in range(57)]
    canvas.stroke(hull, 7, (178, 62, 52))
    for row in range(70):
        canvas.box(309, 184 - row, 309 + round((70 - row) * 0.55), 185 - row, (250, 250, 246))
        canvas.box(304 - round((70 - row) * 0.3), 184 - row, 304, 185 - row, (232, 236, 240))


def _city(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient([(22, 26, 60), (74, 58, 112), (206, 122, 128)])
    for _ in range(60):
        canvas.dot(rng.randrange(480), rng.randrange(140), _WHITE, rng.uniform(0.2, 0.9))
    canvas.oval(396, 66, 24, 24, (250, 240, 214))
    for row, colour in enumerate(((66, 58, 104), (44, 40, 78), (26, 25, 52))):
        x = -rng.randrange(20)
        while x < canvas.width:
            width, top = rng.randrange(36, 70), rng.randrange(110 + row * 50, 200 + row * 46)
            canvas.box(x, top, x + width, canvas.height, colour)
            for wy in range(top + 8, canvas.height - 6, 13):
                for wx in range(x + 6, x + width - 7, 10):
                    if rng.random() < 0.3 + row * 0.12:
                        lamp = (255, 214, 130) if rng.random() < 0.8 else (160, 210, 250)
                        canvas.box(wx, wy, wx + 4, wy + 6, mix(colour, lamp, 0.5 + row * 0.22))
            x += width + rng.randrange(0, 8)


def _forest(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient([(214, 234, 220), (240, 246, 226)])
    for row in range(4):
        colour = mix((156, 196, 172), (28, 74, 56), row / 3)
        floor = _hills(rng, 190 + row * 50, 14, canvas.width)
        ridge = list(floor)
        for _ in range(15 + row * 2):
            middle, tall, half = (
                rng.randrange(-10, 490),
                rng.randrange(46, 76) + row * 14,
                rng.randrange(13, 20) + row * 4,
            )
            for x in range(max(0, middle - half), min(canvas.width, middle + half)):
                share = 1 - abs(x - middle) / half
                step = share - 0.10 * ((share * 4) % 1)
                ridge[x] = min(ridge[x], floor[x] - tall * step)
        canvas.ground(ridge, colour)


def _night(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient([(8, 12, 38), (20, 36, 78), (56, 92, 126)])
    for _ in range(170):
        x, y = rng.randrange(480), rng.randrange(250)
        canvas.oval(x, y, *(rng.choice((0.6, 0.6, 0.9, 1.3)),) * 2, (236, 242, 255), rng.uniform(0.4, 1.0))
    for band in range(3):
        glow = _hills(rng, 116 + band * 16, 34, canvas.width)
        for x in range(canvas.width):
            for y in range(44):
                canvas.dot(x, int(glow[x]) - y, (96, 232, 178), 0.16 * (1 - y / 44))
    _layers(canvas, rng, (6, 10, 26), (18, 32, 58), (0.78, 0.88), 0.05)


_SCENES: Final[dict[str, Callable[[Canvas, random.Random], None]]] = {
    "sunset": _sunset,
    "mountains": _mountains,
    "sea": _sea,
    "city": _city,
    "forest": _forest,
    "night": _night,
}


def _head(canvas: Canvas, skin: Colour = (255, 205, 82)) -> None:
    canvas.oval(96, 96, 90, 90, _WHITE)
    canvas.oval(96, 96, 82, 82, mix(skin, (214, 120, 30), 0.45))
    canvas.oval(96, 93, 81, 80, skin)
    canvas.oval(70, 50, 22, 11, mix(skin, _WHITE, 0.6), 0.7)


def _eyes(canvas: Canvas, size: float = 9.5, y: float = 82) -> None:
    for x in (66, 126):
        canvas.oval(x, y, size, size * 1.2, _INK)
        canvas.oval(x + 3, y - 4, size * 0.34, size * 0.34, _WHITE)


def _arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> list[tuple[float, float]]:
    steps = 28
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return [(cx + rx * math.cos(angle), cy + ry * math.sin(angle)) for angle in angles]


def _smile(canvas: Canvas) -> None:
    _head(canvas)
    _eyes(canvas)
    for x in (44, 148):
        canvas.oval(x, 112, 13, 9, (255, 140, 96), 0.55)
    canvas.stroke(_arc(96, 104, 36, 30, 20, 160), 8, _INK)


def _laugh(canvas: Canvas) -> None:
    _head(canvas)
    for x in (64, 128):
        canvas.stroke(_arc(x, 86, 15, 14, 200, 340), 8, _INK)
    for row in range(40):
        half = 42 * math.sqrt(max(0.0, 1 - (row / 40) ** 2))
        canvas.box(round(96 - half), 104 + row, round(96 + half), 105 + row, (112, 34, 36))
    canvas.oval(96, 136, 22, 9, (242, 112, 112))
    canvas.box(60, 104, 132, 111, _WHITE)


def _heart(canvas: Canvas, cx: float, cy: float, size: float, colour: Colour) -> None:
    canvas.oval(cx - size * 0.47, cy - size * 0.3, size * 0.53, size * 0.53, colour)
    canvas.oval(cx + size * 0.47, cy - size * 0.3, size * 0.53, size * 0.53, colour)
    for row in range(round(size * 1.08)):
        half = size * 0.97 * (1 - row / (size * 1.08)) ** 0.86
        canvas.box(
            round(cx - half),
            round(cy - size * 0.14) + row,
            round(cx + half),
            round(cy - size * 0.14) + row + 1,
            colour,
        )


def _love(canvas: Canvas) -> None:
    _head(canvas)
    for x in (64, 128):
        _heart(canvas, x, 80, 23, (232, 60, 78))
    canvas.stroke(_arc(96, 108, 34, 30, 20, 160), 8, _INK)


def _wow(canvas: Canvas) -> None:
    _head(canvas)
    _eyes(canvas, 11, 78)
    for x in (66, 126):
        canvas.stroke(_arc(x, 58, 15, 10, 210, 330), 6, _INK)
    canvas.oval(96, 130, 15, 20, (112, 34, 36))


def _wink(canvas: Canvas) -> None:
    _head(canvas)
    canvas.oval(66, 82, 9.5, 11.5, _INK)
    canvas.oval(69, 78, 3.2, 3.2, _WHITE)
    canvas.stroke(_arc(126, 90, 16, 11, 200, 340), 8, _INK)
    canvas.stroke(_arc(100, 106, 32, 26, 15, 140), 8, _INK)


def _sad(canvas: Canvas) -> None:
    _head(canvas, (124, 184, 240))
    _eyes(canvas, 9, 88)
    canvas.stroke(_arc(96, 150, 30, 24, 215, 325), 8, _INK)
    canvas.oval(140, 118, 8, 12, (70, 140, 230))


def _cool(canvas: Canvas) -> None:
    _head(canvas)
    canvas.stroke([(24 + step * 4.0, 72.0) for step in range(37)], 8, _INK)
    for x in (64, 128):
        canvas.oval(x, 82, 27, 20, _INK)
        canvas.oval(x - 9, 75, 8, 5, (120, 130, 160), 0.8)
    canvas.stroke(_arc(100, 112, 30, 22, 20, 140), 8, _INK)


def _big_heart(canvas: Canvas) -> None:
    _heart(canvas, 96, 92, 84, _WHITE)
    _heart(canvas, 96, 92, 75, (232, 64, 88))
    canvas.oval(62, 58, 18, 11, (255, 170, 180), 0.8)


_FACES: Final[dict[str, Callable[[Canvas], None]]] = {
    "smile": _smile,
    "laugh": _laugh,
    "love": _love,
    "wow": _wow,
    "wink": _wink,
    "sad": _sad,
    "cool": _cool,
    "heart": _big_heart,
}

STICKER_EMOJI: Final[dict[str, str]] = {
    "smile": "🙂",
    "laugh": "😂",
    "love": "😍",
    "wow": "😮",
    "wink": "😉",
    "sad": "😢",
    "cool": "😎",
    "heart": "❤",
}
PHOTOS: Final = tuple(_SCENES)
STICKERS: Final = tuple(_FACES)
