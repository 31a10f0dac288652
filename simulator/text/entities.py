"""Makes a text and its entities what Telegram would make of them."""

import re
from collections.abc import Iterable
from typing import Any

from simulator.errors import bad_request
from simulator.text import utf16

Entity = dict[str, Any]

#: Kinds that a sender may set; the others are found by Telegram itself in the text.
_SETTABLE = (
    "bold italic underline strikethrough spoiler blockquote expandable_blockquote code pre "
    "text_link text_mention custom_emoji date_time"
)
SETTABLE = frozenset(_SETTABLE.split())
_FOUND = "mention hashtag cashtag bot_command url email phone_number bank_card"
FOUND = frozenset(_FOUND.split())
#: Kinds that go with a quote.
QUOTABLE = frozenset(("bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"))
_NEEDS = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}
_OPAQUE = frozenset(("code", "pre", "text_link", "text_mention", "custom_emoji"))

_AUTOMATIC = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"]*[^\s<>\"'.,;:!?)\]}]|(?<![\w@./-])(?:[\w-]+\.)+(?:com|org|net|io|me|dev|info)"
    r"(?:/[^\s<>\"]*[^\s<>\"'.,;:!?)\]}])?(?![\w@.-]*@)\b)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<mention>(?<![\w@/.])@[A-Za-z]\w{2,31}\b)"
    r"|(?P<hashtag>(?<![\w#&/])#(?=\w*[^\W\d])\w{1,255})"
    r"|(?P<cashtag>(?<![\w$])\$[A-Z]{1,8}(?!\w))"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
)


#: A text without any of these holds nothing to be found.
_HINT = re.compile(r"[@/]|\w\.\w|\$[A-Z]|#\w*[^\W\d]")


def tidy(text: str, entities: list[Entity], *, detect: bool = True) -> tuple[str, list[Entity]]:
    """Trims the text, checks and sorts the entities, adds those found in the text.

    Raises ApiError (400) for a kind that does not exist, a field that is missing or an offset in
    the middle of a character. What reaches beyond the end is cut, as Telegram does.
    """
    if text and (text[0].isspace() or text[-1].isspace()):
        text, entities = _trim(text, entities)
    kept = _check(text, entities) if entities else []
    if detect and text:
        kept.extend(_found(text, kept))
    if len(kept) > 1:
        kept.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return text, kept


def within(entities: Iterable[Entity], start: int, length: int) -> list[Entity]:
    """What a quote of this part of the text shows of its entities."""
    found = []
    for entity in entities:
        first = max(entity["offset"] - start, 0)
        last = min(entity["offset"] + entity["length"] - start, length)
        if entity["type"] in QUOTABLE and first < last:
            found.append({**entity, "offset": first, "length": last - first})
    return found


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Leading white space goes up to the first entity, trailing white space wholly."""
    first = min((entity["offset"] for entity in entities), default=len(text))
    bare = text.lstrip()
    lead = min(len(text) - len(bare), first)
    text = text[lead:].rstrip()
    return text, [{**entity, "offset": entity["offset"] - lead} for entity in entities]


def _check(text: str, entities: list[Entity]) -> list[Entity]:
    end = utf16.length(text)
    kept = []
    for entity in entities:
        kind = entity["type"]
        if kind in FOUND:
            continue
        if kind not in SETTABLE:
            raise bad_request("can't parse MessageEntity: Unsupported type specified")
        needed = _NEEDS.get(kind)
        if needed is not None and not entity.get(needed):
            raise bad_request(f"can't parse MessageEntity: Can't find field \"{needed}\"")
        start, stop = entity["offset"], min(entity["offset"] + entity["length"], end)
        if entity["offset"] < 0 or entity["length"] < 0:
            raise bad_request("can't parse entities: Receive an entity with incorrect offset or length")
        if stop <= start:
            continue
        if utf16.index(text, start) is None or utf16.index(text, stop) is None:
            raise bad_request(
                f"can't parse entities: Entity beginning in a middle of a UTF-16 symbol at offset {start}"
            )
        whole = {**entity, "offset": start, "length": stop - start}
        if whole not in kept:
            kept.append(whole)
    return kept


def _found(text: str, taken: list[Entity]) -> list[Entity]:
    if _HINT.search(text) is None:
        return []
    opaque = [(e["offset"], e["offset"] + e["length"]) for e in taken if e["type"] in _OPAQUE]
    plain = text.isascii()
    found = []
    for match in _AUTOMATIC.finditer(text):
        start, stop = match.span()
        if not plain:
            start, stop = utf16.length(text[:start]), utf16.length(text[:stop])
        if any(start < upper and lower < stop for lower, upper in opaque):
            continue
        found.append({"type": match.lastgroup, "offset": start, "length": stop - start})
    return found
