"""Recognizes the plain calls: a POST of JSON or of a form, of known length, to a method of a bot."""

import re
from dataclasses import dataclass
from functools import lru_cache

import httptools

from simulator.server.bodies import FORM, JSON

_PATH = re.compile(r"(?:/via/(?P<way>[^/?#%]+))?/bot(?P<token>[^/?#%]*)/(?P<method>[^?#%]*)")
#: Headers that change how a body is to be read.
_SPECIAL = frozenset((b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"))
_LONGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What the head of a plain call says; `kind` and `length` are the body's."""

    way: str
    token: str
    method: str
    kind: str
    length: int


class _Head:
    """What the parser finds in a head."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[bytes, bytes] = {}

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value


@lru_cache(4096)
def plain_call(head: bytes) -> Asked | None:
    """The call that begins with this head, empty line included; None where it is not a plain one.

    Remembered, because a bot's heads differ only in the length.
    """
    found = _Head()
    parser = httptools.HttpRequestParser(found)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    headers = found.headers
    if parser.get_method() != b"POST" or not parser.should_keep_alive() or _SPECIAL & headers.keys():
        return None
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    path = _PATH.fullmatch(found.url.decode("latin-1"))
    length = int(headers.get(b"content-length", b"-1"))
    if path is None or kind not in (JSON, FORM) or not 0 <= length <= _LONGEST:
        return None
    return Asked(path["way"] or "", path["token"], path["method"], kind, length)
