"""Which filter a file needs, by how it begins."""

from shard.cleaning.filters import Filter
from shard.cleaning.jpeg import JpegFilter
from shard.cleaning.mp4 import STILLS, Mp4Filter
from shard.cleaning.png import SIGNATURE, PngFilter
from shard.cleaning.webp import WebpFilter

HEAD = 12
"""Bytes by which a format is known."""

_MOVIES = (b"ftyp", b"moov", b"wide", b"mdat")


def filter_for(head: bytes) -> Filter | None:
    """The filter for a file that begins so (HEAD bytes of it); None where there is none."""
    if head.startswith(b"\xff\xd8\xff"):
        return JpegFilter()
    if head.startswith(SIGNATURE):
        return PngFilter()
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WebpFilter()
    if head[4:8] in _MOVIES and not (head[4:8] == b"ftyp" and head[8:12] in STILLS):
        return Mp4Filter()
    return None
