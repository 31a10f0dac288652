"""Lengths and cuts in UTF-16 code units, which is how Telegram counts."""


def length(text: str) -> int:
    """How many UTF-16 code units the text takes."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, start: int, end: int) -> str:
    """What stands between two offsets, both in UTF-16 code units."""
    if text.isascii():
        return text[start:end]
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "replace")


def index(text: str, offset: int) -> int | None:
    """The place in the Python string of a UTF-16 offset; None inside a pair or beyond the end."""
    if text.isascii():
        return offset if 0 <= offset <= len(text) else None
    before = text.encode("utf-16-le", "surrogatepass")[: 2 * max(offset, 0)]
    if len(before) < 2 * offset or offset < 0:
        return None
    try:
        return len(before.decode("utf-16-le"))
    except UnicodeDecodeError:
        return None
