"""Checks what a bot sent against the tables, and turns it into what the methods work with.

A value may come as JSON or, in a form, as text: numbers, flags and whole objects are read from text
as Telegram does. Unlike Telegram, which passes over names it does not know, a field that is in no
table is refused: a name that is spelt wrongly must not go unseen.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from simulator.errors import ApiError, bad_request
from simulator.tables.grammar import KEYED_UNIONS, METHODS, OBJECTS, UNIONS, Field

Checker = Callable[[Any, str], Any]

_MISSING = {
    "chat_id": "chat_id is empty",
    "from_chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "message_ids": "message identifiers are not specified",
    "file_id": "file_id not specified",
    "user_id": "invalid user_id specified",
    "phone_number": "phone number is empty",
    "question": "poll question must be non-empty",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
}
_FILE_NAMES = "photo live_photo audio document video animation voice video_note sticker media thumbnail"
_FILES = frozenset(_FILE_NAMES.split())
#: What Telegraf leaves in its buttons. Telegram passes over all that it does not know.
_PASSED_OVER = frozenset((("InlineKeyboardButton", "hide"), ("KeyboardButton", "hide")))
_TRUE = frozenset(("true", "yes", "1", "on"))
_FALSE = frozenset(("false", "no", "0", "off", ""))


class Upload:
    """A file that came with a call. `content` is bytes, or the path of a temporary file."""

    __slots__ = ("content", "mime", "name", "size")

    def __init__(self, content: Any, name: str, mime: str, size: int) -> None:
        self.content = content
        self.name = name
        self.mime = mime
        self.size = size


def check_call(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """The checked fields of a call; ApiError (400) names the first that is wrong."""
    fields, required = _method(method)
    checked = {}
    for name, value in given.items():
        checker = fields.get(name)
        if checker is None:
            if isinstance(value, Upload) or _names_itself(method, name, value):
                continue  # an upload is named by attach:// in another field
            raise bad_request(f'method {method} has no field "{name}"')
        if value is not None:
            checked[name] = checker(value, name)
    for name in required:
        if name not in checked:
            raise _missing(name)
    return checked


def _names_itself(method: str, name: str, value: Any) -> bool:
    """Telegraf's forms say in a field which method they are for."""
    return name == "method" and str(value).lower() == method.lower()


def _missing(name: str) -> ApiError:
    if name in _FILES:
        return bad_request(f"there is no {name} in the request")
    return bad_request(_MISSING.get(name, f'field "{name}" must be given'))


_methods: dict[str, tuple[dict[str, Checker], tuple[str, ...]]] = {}
_checkers: dict[str, Checker] = {}


def _method(name: str) -> tuple[dict[str, Checker], tuple[str, ...]]:
    made = _methods.get(name)
    if made is None:
        fields = METHODS[name]
        checkers = {field.name: checker_of(field.type) for field in fields}
        made = _methods[name] = (checkers, tuple(field.name for field in fields if field.required))
    return made


def checker_of(kind: str) -> Checker:
    """The checker of a type as written in the tables. Objects may hold themselves: they are made late."""
    made = _checkers.get(kind)
    if made is None:
        made = _checkers[kind] = _make(kind)
    return made


def _make(kind: str) -> Checker:
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind[0] == "[":
        return _list_of(kind[1:-1])
    if kind[0] == "=":
        return _only(kind[1:])
    if kind in UNIONS:
        return _union(kind)
    if kind in KEYED_UNIONS:
        return _keyed_union(kind)
    return _object(kind, OBJECTS[kind])


def _wrong(path: str, wanted: str) -> ApiError:
    return bad_request(f'can\'t parse field "{path}": it must be of type {wanted}')


def _int(value: Any, path: str) -> int:
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    raise _wrong(path, "Number")


def _float(value: Any, path: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    raise _wrong(path, "Number")


def _bool(value: Any, path: str) -> bool:
    if type(value) is bool:
        return value
    word = str(value).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _wrong(path, "Boolean")


def _str(value: Any, path: str) -> str:
    if type(value) is str:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _wrong(path, "String")


def _chat(value: Any, path: str) -> int | str:
    if type(value) is int:
        return value
    if isinstance(value, str):
        if not value:
            raise bad_request("chat_id is empty")
        return int(value) if value.lstrip("-").isdigit() else value
    raise _wrong(path, "Number or String")


def _file(value: Any, path: str) -> Any:
    if isinstance(value, str | Upload):
        return value
    raise _wrong(path, "String or file")


def _any(value: Any, path: str) -> Any:  # noqa: ARG001  a Checker like the others
    return value


_SIMPLE: dict[str, Checker] = {
    "int": _int,
    "float": _float,
    "bool": _bool,
    "str": _str,
    "chat": _chat,
    "file": _file,
    "any": _any,
}


def _parsed(value: Any, path: str) -> Any:
    """Objects and lists may come as JSON text."""
    if isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise bad_request(f'can\'t parse field "{path}" JSON object') from None
    return value


def _only(word: str) -> Checker:
    def check(value: Any, path: str) -> str:
        if value != word:
            raise _wrong(path, f'"{word}"')
        return word

    return check


def _list_of(kind: str) -> Checker:
    inner = checker_of(kind)
    hold_strings = kind == "str"

    def check(value: Any, path: str) -> list[Any]:
        value = _parsed(value, path)
        if not isinstance(value, list):
            raise _wrong(path, "Array")
        if hold_strings and all(type(one) is str for one in value):
            return value
        return [inner(one, f"{path}[{place}]") for place, one in enumerate(value)]

    return check


def _object(name: str, fields: tuple[Field, ...]) -> Checker:
    checkers: dict[str, Checker] = {}
    required = tuple(field.name for field in fields if field.required)

    def check(value: Any, path: str) -> dict[str, Any]:
        if not checkers:
            checkers.update((field.name, checker_of(field.type)) for field in fields)
        value = _parsed(value, path)
        if not isinstance(value, dict):
            raise bad_request(f'can\'t parse {name}: object expected in field "{path}"')
        checked = {}
        for key, one in value.items():
            checker = checkers.get(key)
            if checker is None:
                if (name, key) in _PASSED_OVER:
                    continue
                raise bad_request(f'can\'t parse {name}: there is no field "{key}"')
            if one is not None:
                checked[key] = checker(one, f"{path}.{key}")
        for key in required:
            if key not in checked:
                raise bad_request(f"can't parse {name}: Can't find field \"{key}\"")
        return checked

    return check


def _union(name: str) -> Checker:
    kinds: dict[str, Checker] = {}
    for kind in UNIONS[name]:
        word = next(field.type[1:] for field in OBJECTS[kind] if field.name == "type")
        kinds[word] = checker_of(kind)

    def check(value: Any, path: str) -> Any:
        value = _parsed(value, path)
        kind = value.get("type") if isinstance(value, dict) else None
        checker = kinds.get(kind) if isinstance(kind, str) else None
        if checker is None:
            raise bad_request(
                f'can\'t parse {name}: type must be one of {", ".join(sorted(kinds))} in "{path}"'
            )
        return checker(value, path)

    return check


def _keyed_union(name: str) -> Checker:
    kinds = {field.name: checker_of(field.type) for field in KEYED_UNIONS[name]}

    def check(value: Any, path: str) -> Any:
        value = _parsed(value, path)
        if not isinstance(value, dict):
            raise bad_request("object expected as reply markup")
        for key, checker in kinds.items():
            if key in value:
                return checker(value, path)
        raise bad_request(f"can't parse {name}: one of {', '.join(kinds)} must be given")

    return check
