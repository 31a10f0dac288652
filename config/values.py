"""What a value may look like: each reader makes one of the text it is given, or says what is wrong.

A reader raises ValueError with the middle of the sentence "VARIABLE ... it should be ...", and never
repeats a secret.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, SecretStr
from pydantic_settings import NoDecode

SECRET_KEY_LENGTH = 32
"""Fewest characters of a secret key."""

Durability = Literal["fsync", "replica", "fast"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["console", "json"]

_TOKEN = re.compile(r"[0-9]{5,}:[A-Za-z0-9_-]{30,}", re.ASCII)
_KEY_PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,32}", re.ASCII)

_SHOWN = 30
"""A longer value is not repeated to the operator: it may be a token in the wrong place."""


def shown(text: str) -> str:
    """A wrong value as it may be repeated to the operator."""
    return repr(text) if len(text) <= _SHOWN and "@" not in text else f"a text of {len(text)} characters"


def _items(value: object) -> list[str]:
    """The parts of a comma list; spaces around them and an empty last one mean nothing."""
    if not isinstance(value, str):
        raise ValueError("is no text")
    return [part.strip() for part in value.strip().rstrip(",").split(",")] if value.strip() else []


def read_tokens(value: object) -> tuple[SecretStr, ...]:
    if isinstance(value, tuple) and all(isinstance(item, SecretStr) for item in value):
        return value
    tokens = _items(value)
    for number, token in enumerate(tokens, 1):
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"has a wrong token (number {number} of {len(tokens)})")
    bots = Counter(int(token.partition(":")[0]) for token in tokens)
    for bot, times in bots.items():
        if times > 1:
            raise ValueError(f"has bot {bot} {times} times")
    return tuple(SecretStr(token) for token in tokens)


def _read_numbers(value: object, form: str) -> tuple[int, ...]:
    if isinstance(value, tuple):
        return value
    parts = _items(value)
    for part in parts:
        if not re.fullmatch(form, part, re.ASCII):
            raise ValueError(f"has {shown(part)} in it")
    return tuple(dict.fromkeys(int(part) for part in parts))


def _check_url(value: str, schemes: Iterable[str]) -> str:
    """The URL again. It may hold a password: an error tells its scheme and nothing else."""
    scheme, found, _ = value.partition("://")
    if not found:
        raise ValueError(f"has {len(value)} characters but no '://'")
    if scheme not in schemes:
        raise ValueError(f"begins with {shown(scheme + '://')}")
    try:
        for host in urlsplit(value).netloc.rpartition("@")[2].split(","):
            if urlsplit(f"//{host}").port == 0:
                raise ValueError
    except ValueError:
        raise ValueError(f"begins with '{scheme}://' but has no valid host or port after it") from None
    if re.search(r"\s", value):
        raise ValueError("has a space in it")
    return value


def check_api_url(value: str) -> str:
    _check_url(value, ("http", "https"))
    if not urlsplit(value).hostname:
        raise ValueError("names no host")
    return value.rstrip("/")


def _check_database_url(value: str) -> str:
    return _check_url(value, ("postgresql", "postgres"))


_REDIS_SCHEMES = (
    *("redis", "rediss", "unix"),
    *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
)


def _check_redis_url(value: str) -> str:
    value = _check_url(value, _REDIS_SCHEMES)
    parts = urlsplit(value)
    if parts.scheme.endswith("+sentinel") and not re.fullmatch(r"/[^/]+(/\d+)?", parts.path):
        raise ValueError("names no master after the sentinels")
    return value


def read_database_urls(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else tuple(_check_database_url(part) for part in _items(value))


def check_secret(value: SecretStr) -> SecretStr:
    length = len(value.get_secret_value())
    if length < SECRET_KEY_LENGTH:
        raise ValueError(f"has {length} characters")
    return value


def read_secrets(value: object) -> tuple[SecretStr, ...]:
    if isinstance(value, tuple) and all(isinstance(item, SecretStr) for item in value):
        return value
    keys = _items(value)
    for number, key in enumerate(keys, 1):
        if len(key) < SECRET_KEY_LENGTH:
            raise ValueError(f"has a key of {len(key)} characters (number {number} of {len(keys)})")
    return tuple(SecretStr(key) for key in keys)


def check_key_prefix(value: str) -> str:
    if not _KEY_PREFIX.fullmatch(value):
        raise ValueError(f"is {shown(value)}")
    return value


def read_failpoints(value: object) -> tuple[tuple[str, int], ...]:
    if isinstance(value, tuple):
        return value
    points = []
    for part in _items(value):
        found = re.fullmatch(r"([a-z_]+):([1-9][0-9]{0,8})", part, re.ASCII)
        if found is None:
            raise ValueError(f"has {shown(part)} in it")
        points.append((found[1], int(found[2])))
    return tuple(points)


def lower_case(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Ids = Annotated[tuple[int, ...], NoDecode, PlainValidator(partial(_read_numbers, form=r"[1-9][0-9]{0,18}"))]
Channels = Annotated[
    tuple[int, ...], NoDecode, PlainValidator(partial(_read_numbers, form=r"-[1-9][0-9]{0,18}"))
]
Port = Annotated[int, Field(ge=1, le=65535)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
AN_ACCOUNT = "the same server with an account of its own, of few rights (deploy/postgres/roles.sql), or empty"
A_USER = "the same server with a user of its own, of few rights (deploy/redis/users.acl), or empty"
A_PORT = "a free port, a whole number from 1 to 65535"
A_DATABASE = "like postgresql://user:password@host:5432/name (with ?pgbouncer=1 behind PgBouncer)"
