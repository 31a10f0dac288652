"""Every setting: its name, what it may be, and what it is when nothing is said.

Read once, by `load`, from variables that begin with DUOLOGUE_, and from the file that
DUOLOGUE_ENV_FILE names; the environment wins over the file. A frozen, picklable record.

Each field's description completes the sentence "it should be ...": the same words are shown
when a value is refused and stand in config/example.env.
"""

import difflib
import os
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.values import (
    A_DATABASE,
    A_PORT,
    A_USER,
    AN_ACCOUNT,
    SECRET_KEY_LENGTH,
    Channels,
    DatabaseUrl,
    Durability,
    Ids,
    LogFormat,
    LogLevel,
    Port,
    RedisUrl,
    check_api_url,
    check_key_prefix,
    check_secret,
    lower_case,
    read_database_urls,
    read_failpoints,
    read_secrets,
    read_tokens,
    shown,
)

PREFIX = "DUOLOGUE_"
ENV_FILE = f"{PREFIX}ENV_FILE"
_SOCKETS_LENGTH = 75
"""A socket's path has at most 107 characters, its name among them."""


class SettingsError(Exception):
    """Settings that cannot be used; `problems` has one line for each.

    Not a DuologueError: config knows nothing of core. Only the command line catches it.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Settings(BaseSettings):
    """All settings. Made by `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    bot_tokens: Annotated[tuple[SecretStr, ...], NoDecode, PlainValidator(read_tokens)] = Field(
        default=(), description="tokens from @BotFather, each like 123456789:AAE..., with commas between them"
    )
    telegram_api_url: Annotated[str, AfterValidator(check_api_url)] = Field(
        default="https://api.telegram.org",
        description="the address of a Bot API server, like http://localhost:8081",
    )
    database_url: DatabaseUrl | None = Field(default=None, repr=False, description=A_DATABASE)
    database_replica_urls: Annotated[tuple[str, ...], NoDecode, PlainValidator(read_database_urls)] = Field(
        default=(), repr=False, description="read replicas with commas between them, each " + A_DATABASE
    )
    redis_url: RedisUrl | None = Field(
        default=None,
        repr=False,
        description="like redis://:password@host:6379/0, rediss://, unix://, "
        "redis+sentinel://host:26379,host,host/name or redis+cluster://host:6379,host,host",
    )
    shard_database_url: DatabaseUrl | None = Field(default=None, repr=False, description=AN_ACCOUNT)
    shard_redis_url: RedisUrl | None = Field(default=None, repr=False, description=A_USER)
    coordinator_database_url: DatabaseUrl | None = Field(default=None, repr=False, description=AN_ACCOUNT)
    coordinator_redis_url: RedisUrl | None = Field(default=None, repr=False, description=A_USER)
    secret_key: Annotated[SecretStr, AfterValidator(check_secret)] | None = Field(
        default=None,
        description=f"{SECRET_KEY_LENGTH} or more random characters, with which tokens are kept encrypted",
    )
    older_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode, PlainValidator(read_secrets)] = Field(
        default=(),
        description=f"keys that open what they sealed, {SECRET_KEY_LENGTH} or more characters each, commas "
        "between them",
    )
    admin_ids: Ids = Field(
        default=(), description="Telegram user ids of the admins, whole numbers with commas between them"
    )
    vault_channels: Channels = Field(
        default=(),
        description="ids of private channels like -1001234567890, commas between them, in which every bot is "
        "an administrator: big files go from bot to bot through them",
    )
    webhook_url: Annotated[str, AfterValidator(check_api_url)] | None = Field(
        default=None,
        description="the public address of a front door, like https://bots.example.org, to which Telegram "
        "brings updates; without it they are fetched",
    )
    webhook_sockets: Path | None = Field(
        default=None,
        description="a folder in which each shard listens for the front door; it has at most "
        f"{_SOCKETS_LENGTH} characters",
    )
    webhook_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="0, or the port on which a shard that has its machine for itself hears the front door",
    )
    data_dir: Path = Field(
        default=Path(".duologue"), description="a folder for the embedded servers' data that we may write to"
    )
    listen_host: str = Field(
        default="127.0.0.1", description="the address to listen on; 0.0.0.0 lets other machines in"
    )
    console_port: Port = Field(default=8080, description=A_PORT)
    simulator_port: Port = Field(default=8081, description=A_PORT)
    metrics_port: Port = Field(
        default=9100, description=A_PORT + "; processes on one machine take this one and those above it"
    )
    send_rate: float = Field(
        default=30.0,
        ge=1,
        le=1000,
        allow_inf_nan=False,
        description="messages a second a bot, from 1 to 1000",
    )
    tokens_per_minute: int = Field(
        default=20,
        ge=1,
        le=100_000,
        description="how many tokens a minute may be shown to Telegram for the first time, from 1 to 100000",
    )
    backlog_limit: int = Field(
        default=200_000,
        ge=1_000,
        le=100_000_000,
        description="entries that may wait for one bot, from 1000; messages above it are refused with a word",
    )
    paid_broadcast_stars: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Stars, 0 to 1000000, that one broadcast may cost at most; 0 sends none that costs",
    )
    match_patience: float = Field(
        default=20.0,
        ge=0,
        le=3600,
        allow_inf_nan=False,
        description="seconds, 0 to 3600, after which last partners may meet again if nobody else is there",
    )
    durability: Annotated[Durability, BeforeValidator(lower_case)] = Field(
        default="fsync", description="fsync, replica or fast; fast may lose the last second in a power cut"
    )
    key_prefix: Annotated[str, AfterValidator(check_key_prefix)] = Field(
        default="duo:", description="1 to 32 of A-Z a-z 0-9 _ . : - that begin every Redis key"
    )
    log_level: Annotated[LogLevel, BeforeValidator(lower_case)] = Field(
        default="info", description="debug, info, warning or error"
    )
    log_format: Annotated[LogFormat, BeforeValidator(lower_case)] = Field(
        default="console", description="console or json"
    )
    failpoints: Annotated[tuple[tuple[str, int], ...], NoDecode, PlainValidator(read_failpoints)] = Field(
        default=(),
        description="empty; in tests, where a process is to die, like after_send:3",
    )

    @property
    def hooks(self) -> Path:
        """Where the shards' sockets are."""
        return (self.webhook_sockets or self.data_dir / "hooks").expanduser().absolute()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key that seals, and those that still open after it; none where no key is set."""
        if self.secret_key is None:
            return ()
        return tuple(key.get_secret_value() for key in (self.secret_key, *self.older_secret_keys))

    def filled(
        self,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        telegram_api_url: str | None = None,
        secret_key: SecretStr | None = None,
    ) -> Self:
        """A copy with what the supervisor started or made itself; None leaves a setting as it is."""
        given = {
            "database_url": database_url,
            "redis_url": redis_url,
            "telegram_api_url": telegram_api_url,
            "secret_key": secret_key,
        }
        return self.model_copy(update={name: value for name, value in given.items() if value is not None})

    def of(self, process: Literal["shard", "coordinator"]) -> Self:
        """A copy for that kind of process: with its own accounts, where it has some."""
        if process == "shard":
            return self.filled(database_url=self.shard_database_url, redis_url=self.shard_redis_url)
        return self.filled(database_url=self.coordinator_database_url, redis_url=self.coordinator_redis_url)


def variables() -> dict[str, str]:
    """Every variable and what it should be, in the order of the fields."""
    return {_variable(name): field.description or "" for name, field in Settings.model_fields.items()}


def load() -> Settings:
    """The settings of this process. Raises SettingsError with every problem there is."""
    path = os.environ.get(ENV_FILE) or None
    problems = []
    if path is not None:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SettingsError([f"{ENV_FILE} names {path}, which cannot be read: {reason}"]) from None
        names = dotenv_values(stream=StringIO(text), interpolate=False)
        problems += _unknown(names, allowed=(), where=f" in {path}")
    problems += _unknown(os.environ, allowed=(ENV_FILE,))
    try:
        # _env_file is the library's parameter, which its types do not tell of.
        settings = Settings(_env_file=path)  # type: ignore[call-arg]
    except ValidationError as error:
        problems += [_problem(details) for details in _one_each(error.errors(include_url=False))]
        raise SettingsError(problems) from None
    problems += _clashes(settings)
    if problems:
        raise SettingsError(problems)
    return settings.model_copy(update={"data_dir": settings.data_dir.expanduser().absolute()})


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _unknown(names: Iterable[str], *, allowed: Sequence[str], where: str = "") -> list[str]:
    known = [*map(_variable, Settings.model_fields), *allowed]
    problems = []
    for name in sorted(
        name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known
    ):
        near = difflib.get_close_matches(name.upper()[len(PREFIX) :], [k[len(PREFIX) :] for k in known], n=1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "config/example.env lists those there are"
        problems.append(f"{name}{where} is no setting; {hint}")
    return problems


def _one_each(errors: Iterable[ErrorDetails]) -> list[ErrorDetails]:
    """The first error of each field: one line a setting."""
    first: dict[object, ErrorDetails] = {}
    for error in errors:
        first.setdefault(error["loc"][:1], error)
    return list(first.values())


def _problem(error: ErrorDetails) -> str:
    """One line: the variable, what it got (our own checks never say a secret), what it should be."""
    field = str(error["loc"][0])
    own = error.get("ctx", {}).get("error")
    got = str(own) if error["type"] == "value_error" else f"is {shown(str(error['input']))}"
    return f"{_variable(field)} {got}; it should be {Settings.model_fields[field].description}"


def _clashes(settings: Settings) -> list[str]:
    names: dict[int, str] = {}
    problems = []
    for field in ("console_port", "simulator_port", "metrics_port"):
        port = getattr(settings, field)
        if port in names:
            problems.append(f"{_variable(field)} is {port} like {_variable(names[port])}; they should differ")
        names[port] = field
    length = len(str(settings.hooks))
    if settings.webhook_url is not None and not settings.webhook_port and length > _SOCKETS_LENGTH:
        told = Settings.model_fields["webhook_sockets"].description
        problems.append(f"{_variable('webhook_sockets')} has {length} characters; it should be {told}")
    return problems
