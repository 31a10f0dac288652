"""The simulator's tables against another description of the Bot API: aiogram's.

The simulator knows nothing of aiogram; here the two are laid side by side. What aiogram has and Telegram's
documents no longer name (kept for old bots) stands in `OLD`.
"""

import datetime as dt
import types
import typing
from typing import Any

import aiogram.methods
import aiogram.types
import pytest
from aiogram.client.default import Default
from aiogram.methods.base import TelegramMethod
from aiogram.types import InputFile
from pydantic import BaseModel

from simulator.methods import PLAYED
from simulator.tables.grammar import KEYED_UNIONS, METHODS, NOT_PLAYED, OBJECTS, UNIONS, Field

#: Fields that only one side has, each for a reason.
OLD = {
    "MessageEntity": {"user"},
    "User": {
        "has_topics_enabled",
        "allows_users_to_create_topics",
        "can_manage_bots",
        "supports_guest_queries",
        "supports_join_request_queries",
    },
    "InlineKeyboardMarkup": {"force_reply"},
    "ReplyKeyboardMarkup": {"force_reply"},
    "InputRichMessage": {"blocks", "media"},
}
_SIMPLE = {int: "int", float: "float", bool: "bool", str: "str", InputFile: "file"}


def _methods() -> dict[str, type[TelegramMethod[Any]]]:
    found = {}
    for name in aiogram.methods.__all__:
        method = getattr(aiogram.methods, name)
        if isinstance(method, type) and issubclass(method, TelegramMethod) and method is not TelegramMethod:
            found[method.__api_method__] = method
    return found


AIOGRAM = _methods()
# The shard lets types be built when they are needed (shard.lightly); here all are.
for _type in vars(aiogram.types).values():
    if isinstance(_type, type) and issubclass(_type, BaseModel):
        _type.model_rebuild()


def _kinds(annotation: Any) -> set[str]:
    """What an annotation of aiogram's allows, in the words of our tables."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        found: set[str] = set()
        for one in typing.get_args(annotation):
            if one not in (type(None), Default):
                found |= _kinds(one)
        return found
    if origin is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if origin is list:
        return {f"[{one}]" for one in _kinds(typing.get_args(annotation)[0])}
    if origin is typing.Literal:
        value = typing.get_args(annotation)[0]
        return {"bool"} if value is True else {f"={getattr(value, 'value', value)}"}
    if annotation in (dt.datetime, dt.timedelta):
        return {"int"}
    if annotation in _SIMPLE:
        return {_SIMPLE[annotation]}
    assert issubclass(annotation, BaseModel), annotation
    return {annotation.__name__}


def _ours(kind: str) -> set[str]:
    """A type of our tables, unions spelt out."""
    if kind.startswith("["):
        return {f"[{one}]" for one in _ours(kind[1:-1])}
    if kind in UNIONS:
        return set(UNIONS[kind])
    if kind in KEYED_UNIONS:
        return {field.type for field in KEYED_UNIONS[kind]}
    if kind == "chat":
        return {"int", "str"}
    return {kind}


def _same(name: str, field: Field, theirs: Any) -> str | None:
    """What is wrong with a field of ours; None when nothing is."""
    ours = _ours(field.type)
    wanted = _kinds(theirs.annotation)
    required = theirs.is_required() or any(kind.startswith("=") for kind in wanted)
    if field.required != required and wanted != {"bool"}:
        return f"{name}.{field.name}: required {field.required}, not {required}"
    if ours == wanted or field.type == "any":
        return None
    if "file" in ours and wanted <= {"file", "str"}:
        return None
    if field.type.strip("[]") in UNIONS and wanted < ours:
        return None  # one union for all of InputMedia; which kinds go where is told by the method
    if name == "sendPoll" and field.name == "options":
        return None  # aiogram also takes plain texts, and makes objects of them
    return f"{name}.{field.name}: {sorted(ours)} is not {sorted(wanted)}"


def _differences(name: str, fields: tuple[Field, ...], model: type[BaseModel]) -> list[str]:
    theirs = {field.alias or key: field for key, field in model.model_fields.items()}
    ours = {field.name: field for field in fields}
    old = OLD.get(name, set())
    wrong = [f"{name}: only we have {one}" for one in sorted(set(ours) - set(theirs))]
    wrong += [f"{name}: we lack {one}" for one in sorted(set(theirs) - set(ours) - old)]
    for key in sorted(set(ours) & set(theirs) - old):
        difference = _same(name, ours[key], theirs[key])
        if difference:
            wrong.append(difference)
    return wrong


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_takes_what_the_bot_api_says(name: str) -> None:
    assert _differences(name, METHODS[name], AIOGRAM[name]) == []


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_an_object_has_the_fields_the_bot_api_says(name: str) -> None:
    model = getattr(aiogram.types, name)
    if name == "User":
        ours = {field.name for field in OBJECTS[name]}
        assert ours <= set(model.model_fields)
        return
    assert _differences(name, OBJECTS[name], model) == []


def test_every_method_of_the_bot_api_is_played_or_named_as_not_played() -> None:
    assert set(METHODS) | NOT_PLAYED == set(AIOGRAM)
    assert set(METHODS) & NOT_PLAYED == set()
    assert set(PLAYED) == set(METHODS)


def test_every_type_in_the_tables_is_known() -> None:
    known = {*OBJECTS, *UNIONS, *KEYED_UNIONS, "int", "float", "bool", "str", "chat", "file", "any"}
    for fields in (*METHODS.values(), *OBJECTS.values(), *KEYED_UNIONS.values()):
        for field in fields:
            kind = field.type.strip("[]")
            assert kind in known or kind.startswith("="), kind
    assert {kind for kinds in UNIONS.values() for kind in kinds} <= set(OBJECTS)
