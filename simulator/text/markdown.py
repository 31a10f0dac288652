"""parse_mode MarkdownV2, and the older Markdown."""

from typing import Any

from simulator.errors import ApiError, bad_request
from simulator.text import utf16
from simulator.text.entities import Entity

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_MARKS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler"}
_LEGACY = {"*": "bold", "_": "italic"}


class _Reader:
    """Reads one MarkdownV2 text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.out: list[str] = []
        self.units = 0
        self.open: list[tuple[str, int, int]] = []
        self.entities: list[Entity] = []
        self.quote: int | None = None

    def byte(self, place: int) -> int:
        return len(self.text[:place].encode())

    def put(self, piece: str) -> None:
        self.out.append(piece)
        self.units += utf16.length(piece)

    def add(self, kind: str, start: int, **fields: Any) -> None:
        if self.units > start:
            self.entities.append({"type": kind, "offset": start, "length": self.units - start, **fields})

    def starts(self, mark: str) -> bool:
        return self.text.startswith(mark, self.place)

    def at_line_start(self) -> bool:
        return self.place == 0 or self.text[self.place - 1] == "\n" or self.text[: self.place] == "**"


def parse(text: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities; ApiError (400) for what is not escaped or not closed."""
    reader = _Reader(text)
    while reader.place < len(text):
        _step(reader)
    _end_quote(reader)
    if reader.open:
        mark, _, where = reader.open[-1]
        kind = (
            {"[": "text_link", "![": "custom_emoji"}.get(mark, _MARKS.get(mark, ""))
            .replace("_", "")
            .capitalize()
        )
        kind = {"Textlink": "TextUrl", "Customemoji": "CustomEmoji"}.get(kind, kind)
        raise _error(f"Can't find end of {kind} entity at byte offset {reader.byte(where)}")
    return "".join(reader.out), sorted(
        reader.entities, key=lambda entity: (entity["offset"], -entity["length"])
    )


def _step(reader: _Reader) -> None:
    text, place = reader.text, reader.place
    character = text[place]
    if (
        character == "\\"
        and place + 1 < len(text)
        and text[place + 1].isascii()
        and 0 < ord(text[place + 1]) < 127
    ):
        reader.put(text[place + 1])
        reader.place += 2
        return
    if reader.at_line_start() and _quote(reader):
        return
    if character == "\n" and reader.quote is not None and not text.startswith(">", place + 1):
        _end_quote(reader)
    if character == "`":
        _code(reader)
    elif character == "]" and reader.open and reader.open[-1][0] in ("[", "!["):
        _link_end(reader)
    elif character == "[" or reader.starts("!["):
        mark = "[" if character == "[" else "!["
        reader.open.append((mark, reader.units, place))
        reader.place += len(mark)
    elif character in "*_~" or reader.starts("||"):
        _mark(reader)
    elif character in _RESERVED:
        raise _error(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")
    else:
        reader.put(character)
        reader.place += 1


def _quote(reader: _Reader) -> bool:
    """Begins or goes on with a block quotation; `**` before it parts two that follow each other."""
    skip = 3 if reader.starts("**>") else 1 if reader.starts(">") else 0
    if not skip:
        return False
    if skip == 3:
        _end_quote(reader)
    if reader.quote is None:
        reader.quote = reader.units
    reader.place += skip
    return True


def _end_quote(reader: _Reader) -> None:
    if reader.quote is None:
        return
    kind = "blockquote"
    if reader.open and reader.open[-1][0] == "||" and reader.open[-1][1] == reader.units:
        reader.open.pop()
        kind = "expandable_blockquote"
    reader.add(kind, reader.quote)
    reader.quote = None


def _mark(reader: _Reader) -> None:
    mark = next(one for one in ("||", "__", "*", "_", "~") if reader.starts(one))
    if (
        mark == "__"
        and reader.open
        and reader.open[-1][0] == "_"
        and "__" not in [one[0] for one in reader.open]
    ):
        mark = "_"
    where = reader.place
    reader.place += len(mark)
    if any(one[0] == mark for one in reader.open):
        last, start, begun = reader.open.pop()
        if last != mark:
            kind = _MARKS.get(last, "TextUrl").capitalize()
            raise _error(f"Can't find end of {kind} entity at byte offset {reader.byte(begun)}")
        reader.add(_MARKS[mark], start)
        return
    reader.open.append((mark, reader.units, where))


def _code(reader: _Reader) -> None:
    where, start = reader.place, reader.units
    fence = "```" if reader.starts("```") else "`"
    reader.place += len(fence)
    language = ""
    if fence == "```":
        line_end = reader.text.find("\n", reader.place)
        first = reader.text[reader.place : line_end] if line_end >= 0 else ""
        if first and " " not in first and "`" not in first:
            language = first
            reader.place = line_end + 1
        elif line_end == reader.place:
            reader.place += 1
    while not reader.starts(fence):
        if reader.place >= len(reader.text):
            kind = "Pre" if fence == "```" else "Code"
            raise _error(f"Can't find end of {kind} entity at byte offset {reader.byte(where)}")
        if reader.text[reader.place] == "\\" and reader.place + 1 < len(reader.text):
            reader.place += 1
        reader.put(reader.text[reader.place])
        reader.place += 1
    reader.place += len(fence)
    if fence == "`":
        reader.add("code", start)
    elif language:
        reader.add("pre", start, language=language)
    else:
        reader.add("pre", start)


def _link_end(reader: _Reader) -> None:
    mark, start, _ = reader.open.pop()
    reader.place += 1
    url = ""
    if reader.starts("("):
        reader.place += 1
        while not reader.starts(")"):
            if reader.place >= len(reader.text):
                raise _error(f"Can't find end of a URL at byte offset {reader.byte(reader.place)}")
            if reader.text[reader.place] == "\\" and reader.place + 1 < len(reader.text):
                reader.place += 1
            url += reader.text[reader.place]
            reader.place += 1
        reader.place += 1
    if mark == "![":
        number = url.removeprefix("tg://emoji?id=")
        if number == url or not number.isdigit():
            raise _error("Invalid custom emoji identifier specified")
        reader.add("custom_emoji", start, custom_emoji_id=number)
    elif url:
        reader.add("text_link", start, url=url if ":" in url else f"http://{url}/")


def parse_legacy(text: str) -> tuple[str, list[Entity]]:
    """The older Markdown: `*bold*`, `_italic_`, `[text](url)`, code; nothing inside one another."""
    reader = _Reader(text)
    while reader.place < len(text):
        character = text[reader.place]
        if character == "\\" and text[reader.place + 1 : reader.place + 2] in ("_", "*", "`", "["):
            reader.put(text[reader.place + 1])
            reader.place += 2
        elif character == "`":
            _code(reader)
        elif character in _LEGACY:
            _legacy_span(reader, character, _LEGACY[character])
        elif character == "[" and "](" in text[reader.place :]:
            _legacy_link(reader)
        else:
            reader.put(character)
            reader.place += 1
    return "".join(reader.out), reader.entities


def _legacy_span(reader: _Reader, mark: str, kind: str) -> None:
    end = reader.text.find(mark, reader.place + 1)
    if end < 0:
        raise _error(f"Can't find end of the entity starting at byte offset {reader.byte(reader.place)}")
    start = reader.units
    reader.put(reader.text[reader.place + 1 : end])
    reader.add(kind, start)
    reader.place = end + 1


def _legacy_link(reader: _Reader) -> None:
    middle = reader.text.find("](", reader.place)
    end = reader.text.find(")", middle)
    if end < 0:
        raise _error(f"Can't find end of the entity starting at byte offset {reader.byte(reader.place)}")
    start = reader.units
    reader.put(reader.text[reader.place + 1 : middle])
    reader.add("text_link", start, url=reader.text[middle + 2 : end])
    reader.place = end + 1


def _error(words: str) -> ApiError:
    return bad_request(f"can't parse entities: {words}")
