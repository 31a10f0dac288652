"""What the records of the streams are built like, as plain data: to be frozen, and to be compared with."""

import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec


def described(*roots: type) -> dict[str, Any]:
    """Every record and every list of words that can be reached from these, by name."""
    found: dict[str, Any] = {}
    left: list[Any] = list(roots)
    while left:
        one = left.pop()
        if one.__name__ in found:
            continue
        if issubclass(one, Enum):
            found[one.__name__] = {"words": sorted(str(member.value) for member in one)}
            continue
        info = msgspec.inspect.type_info(one)
        assert isinstance(info, msgspec.inspect.StructType)
        hints = typing.get_type_hints(one)
        found[one.__name__] = {
            "tag": info.tag,
            "list": info.array_like,
            "fields": [[f.name, sorted(_names(hints[f.name])), f.required] for f in info.fields],
        }
        for hint in hints.values():
            left += [part for part in _parts(hint) if isinstance(part, type) and _is_ours(part)]
    return found


def _is_ours(part: type) -> bool:
    return issubclass(part, msgspec.Struct | Enum)


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for part in typing.get_args(hint):
        yield from _parts(part)


def _names(hint: Any) -> set[str]:
    """The plain types and records in a hint; which of several does not matter here."""
    return {getattr(part, "__name__", str(part)) for part in _parts(hint) if not typing.get_args(part)}
