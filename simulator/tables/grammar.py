"""Reads the tables."""

from dataclasses import dataclass

from simulator.tables import methods, objects


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a method or an object; `type` as written in the tables."""

    name: str
    type: str
    required: bool


def _paragraphs(table: str) -> dict[str, list[str]]:
    """Name to words: a line that begins with white space goes on with the one before."""
    read: dict[str, list[str]] = {}
    name = ""
    for line in table.strip().splitlines():
        words = line
        if not line[0].isspace():
            name, _, words = line.partition(":")
            read[name] = []
        read[name].extend(words.split())
    return read


def _field(word: str) -> Field:
    name, _, kind = word.partition(":")
    return Field(name.rstrip("!"), kind or "str", name.endswith("!"))


def _fields(table: str, groups: dict[str, list[str]]) -> dict[str, tuple[Field, ...]]:
    read = {}
    for name, words in _paragraphs(table).items():
        flat: list[str] = []
        for word in words:
            flat.extend(groups[word[1:]] if word[0] == "+" else [word])
        read[name] = tuple(_field(word) for word in flat)
    return read


METHODS: dict[str, tuple[Field, ...]] = _fields(methods.METHODS, _paragraphs(methods.GROUPS))
OBJECTS: dict[str, tuple[Field, ...]] = _fields(objects.OBJECTS, {})
UNIONS: dict[str, tuple[str, ...]] = {
    name: tuple(kinds) for name, kinds in _paragraphs(objects.UNIONS).items()
}
KEYED_UNIONS: dict[str, tuple[Field, ...]] = _fields(objects.KEYED_UNIONS, {})
NOT_PLAYED: frozenset[str] = frozenset(methods.NOT_PLAYED.split())

#: Telegram takes a method's name in any case.
METHOD_NAMES: dict[str, str] = {name.lower(): name for name in METHODS}
NOT_PLAYED_NAMES: frozenset[str] = frozenset(name.lower() for name in NOT_PLAYED)
