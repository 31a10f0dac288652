"""parse_mode HTML."""

import re
from html import unescape
from typing import Any

from simulator.errors import ApiError, bad_request
from simulator.text import utf16
from simulator.text.entities import Entity

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_TOKEN = re.compile(r"<(/?)([^\s>/]*)([^>]*)(>?)|&(#\d+|#x[0-9a-fA-F]+|\w+);?")
_ATTRIBUTE = re.compile(r"\s*([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_NAMED = frozenset(("lt", "gt", "amp", "quot"))


def parse(text: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities; ApiError (400) where a tag is unknown or left open."""
    out: list[str] = []
    units = 0
    place = 0
    opened: list[tuple[str, int, Entity]] = []
    entities: list[Entity] = []

    def put(piece: str) -> None:
        nonlocal units
        out.append(piece)
        units += utf16.length(piece)

    for token in _TOKEN.finditer(text):
        put(text[place : token.start()])
        place = token.end()
        if token[0][0] == "&":
            name = token[5]
            put(unescape(f"&{name};") if name[0] == "#" or name in _NAMED else token[0])
            continue
        where = len(text[: token.start()].encode())
        name = token[2].lower()
        if not token[4]:
            raise _error(f"Unclosed start tag at byte offset {where}")
        if token[1]:
            if not opened:
                raise _error(f"Unexpected end tag at byte offset {where}")
            tag, start, entity = opened.pop()
            if name and name != tag:
                raise _error(
                    f'Unmatched end tag at byte offset {where}, expected "</{tag}>", found "</{name}>"'
                )
            if units > start and entity:
                entities.append({**entity, "offset": start, "length": units - start})
            continue
        opened.append((name, units, _entity(name, token[3], opened, where)))
    put(text[place:])
    if opened:
        raise _error(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return "".join(out), _join_code(entities)


def _entity(tag: str, rest: str, opened: list[tuple[str, int, Entity]], where: int) -> Entity:
    kind = _TAGS.get(tag)
    if kind is None:
        raise _error(f'Unsupported start tag "{tag}" at byte offset {where}')
    attributes: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(rest):
        attributes[match[1].lower()] = unescape(match[2] or match[3] or match[4] or "")
    entity: dict[str, Any] = {"type": kind}
    match tag:
        case "span" if attributes.get("class") != "tg-spoiler":
            raise _error(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        case "a":
            url = attributes.get("href", "")
            return {**entity, "url": url if "://" in url or ":" in url else f"http://{url}/"} if url else {}
        case "tg-emoji":
            if not attributes.get("emoji-id", "").isdigit():
                raise _error(f"Invalid custom emoji identifier specified at byte offset {where}")
            entity["custom_emoji_id"] = attributes["emoji-id"]
        case "tg-time":
            entity["unix_time"] = int(attributes.get("unix", "0"))
            if "format" in attributes:
                entity["date_time_format"] = attributes["format"]
        case "blockquote" if "expandable" in attributes:
            entity["type"] = "expandable_blockquote"
        case "code":
            language = attributes.get("class", "")
            if language.startswith("language-") and opened and opened[-1][0] == "pre":
                entity["language"] = language.removeprefix("language-")
        case _:
            pass
    return entity


def _join_code(entities: list[Entity]) -> list[Entity]:
    """`<pre><code class="language-x">` over the same text is one entity, `pre` with a language."""
    kept: list[Entity] = []
    for entity in entities:
        inner = kept[-1] if kept else None
        if (
            entity["type"] == "pre"
            and inner is not None
            and inner["type"] == "code"
            and (inner["offset"], inner["length"]) == (entity["offset"], entity["length"])
        ):
            kept[-1] = {**inner, "type": "pre"}
        else:
            kept.append(entity)
    return [_bare_code(entity) for entity in kept]


def _bare_code(entity: Entity) -> Entity:
    if entity["type"] != "code":
        return entity
    return {key: value for key, value in entity.items() if key != "language"}


def _error(words: str) -> ApiError:
    return bad_request(f"can't parse entities: {words}")
