"""Settings: what is accepted, what is refused, and in which words."""

import os
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import ENV_FILE, PREFIX, Settings, SettingsError, load, variables

TOKEN = "1234567:" + "A" * 35
OTHER = "7654321:" + "b-_9" * 9


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Only these variables, PREFIX added, in place of any DUOLOGUE_ ones there are."""
    rest = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    with mock.patch.dict(
        os.environ, rest | {PREFIX + name: value for name, value in values.items()}, clear=True
    ):
        yield


def read(**values: str) -> Settings:
    with environment(**values):
        return load()


def problems(**values: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(**values)
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return caught.value.problems


def test_nothing_set_is_a_demo_on_embedded_servers() -> None:
    settings = read()
    assert settings.bot_tokens == ()
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.durability == "fsync"
    assert settings.send_rate == 30
    assert settings.data_dir == Path.cwd() / ".duologue"


def test_everything_set() -> None:
    settings = read(
        BOT_TOKENS=f" {TOKEN} , {OTHER},",
        TELEGRAM_API_URL="http://localhost:8081/",
        DATABASE_URL="postgresql://me:p%40ss@one:5432,two:5433/duo?pgbouncer=1",
        DATABASE_REPLICA_URLS="postgres://a/x,postgres://b/x",
        REDIS_URL="unix:///run/redis.sock?db=2",
        SECRET_KEY="k" * 32,
        OLDER_SECRET_KEYS=f"{'o' * 32},{'p' * 40}",
        ADMIN_IDS="1, 2,1",
        DATA_DIR="/tmp/duologue",
        CONSOLE_PORT="1",
        METRICS_PORT="65535",
        SEND_RATE="1000",
        DURABILITY="Replica",
        KEY_PREFIX="test-1:",
        LOG_LEVEL="DEBUG",
        LOG_FORMAT="json",
    )
    assert [token.get_secret_value() for token in settings.bot_tokens] == [TOKEN, OTHER]
    assert settings.secrets == ("k" * 32, "o" * 32, "p" * 40)
    assert settings.telegram_api_url == "http://localhost:8081"
    assert settings.database_replica_urls == ("postgres://a/x", "postgres://b/x")
    assert settings.redis_url == "unix:///run/redis.sock?db=2"
    assert settings.admin_ids == (1, 2)
    assert (settings.console_port, settings.metrics_port, settings.send_rate) == (1, 65535, 1000)
    assert (settings.durability, settings.log_level, settings.log_format) == ("replica", "debug", "json")
    assert settings.data_dir == Path("/tmp/duologue")


def test_an_empty_variable_is_not_set() -> None:
    assert read(DATABASE_URL="", BOT_TOKENS="", CONSOLE_PORT="") == read()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BOT_TOKENS", f"{TOKEN},nonsense", "wrong token (number 2 of 2)"),
        ("BOT_TOKENS", f"{TOKEN},,{OTHER}", "wrong token (number 2 of 3)"),
        ("BOT_TOKENS", "1234:" + "A" * 35, "wrong token (number 1 of 1)"),
        ("BOT_TOKENS", f"{TOKEN},{TOKEN}", "has bot 1234567 2 times"),
        ("BOT_TOKENS", f"{TOKEN},1234567:{'B' * 35}", "has bot 1234567 2 times"),
        ("TELEGRAM_API_URL", "api.telegram.org", "no '://'"),
        ("TELEGRAM_API_URL", "ftp://host", "begins with 'ftp://'"),
        ("TELEGRAM_API_URL", "http://", "names no host"),
        ("DATABASE_URL", "mysql://host/x", "begins with 'mysql://'"),
        ("DATABASE_URL", "postgresql://host:port/x", "no valid host or port"),
        ("DATABASE_URL", "postgresql://ok,host:99999/x", "no valid host or port"),
        ("DATABASE_URL", "postgresql://ho st/x", "a space"),
        ("DATABASE_REPLICA_URLS", "postgres://a/x,b", "no '://'"),
        ("REDIS_URL", "http://host", "begins with 'http://'"),
        ("REDIS_URL", "redis+sentinel://host:26379", "names no master"),
        ("SECRET_KEY", "k" * 31, "has 31 characters"),
        ("OLDER_SECRET_KEYS", f"{'k' * 32},short", "has a key of 5 characters (number 2 of 2)"),
        ("ADMIN_IDS", "1,-2", "has '-2' in it"),
        ("ADMIN_IDS", "1;2", "has '1;2' in it"),
        ("CONSOLE_PORT", "0", "is '0'"),
        ("METRICS_PORT", "65536", "is '65536'"),
        ("SIMULATOR_PORT", "eighty", "is 'eighty'"),
        ("SIMULATOR_PORT", "8080", "they should differ"),
        ("SEND_RATE", "0.5", "is '0.5'"),
        ("SEND_RATE", "nan", "is 'nan'"),
        ("SEND_RATE", "1001", "is '1001'"),
        ("MATCH_PATIENCE", "-1", "is '-1'"),
        ("MATCH_PATIENCE", "a while", "is 'a while'"),
        ("DURABILITY", "always", "is 'always'"),
        ("KEY_PREFIX", "{x}", "is '{x}'"),
        ("LOG_LEVEL", "loud", "is 'loud'"),
        ("LOG_FORMAT", "xml", "is 'xml'"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_should_be(name: str, value: str, said: str) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(PREFIX + name)
    assert said in problem
    assert "should" in problem


def test_every_problem_is_told_at_once() -> None:
    told = problems(CONSOLE_PORT="x", DURABILITY="x", BOT_TOKEN=TOKEN)
    assert [line.split()[0] for line in told] == [
        "DUOLOGUE_BOT_TOKEN",
        "DUOLOGUE_CONSOLE_PORT",
        "DUOLOGUE_DURABILITY",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("BOT_TOKEN", "did you mean DUOLOGUE_BOT_TOKENS?"),
        ("REDISURL", "did you mean DUOLOGUE_REDIS_URL?"),
        ("QQQQ", "config/example.env lists those there are"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest(name: str, hint: str) -> None:
    assert problems(**{name: "x"}) == (f"{PREFIX}{name} is no setting; {hint}",)


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text("# mine\nDUOLOGUE_CONSOLE_PORT=1000\nDUOLOGUE_METRICS_PORT=1001\nOTHER=ignored\n")
    settings = read(ENV_FILE=str(file), CONSOLE_PORT="2000")
    assert (settings.console_port, settings.metrics_port) == (2000, 1001)


def test_a_wrong_file(tmp_path: Path) -> None:
    assert problems(ENV_FILE=str(tmp_path / "none")) == (
        f"{ENV_FILE} names {tmp_path}/none, which cannot be read: No such file or directory",
    )
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert "it is no text" in problems(ENV_FILE=str(tmp_path / "bytes"))[0]
    (tmp_path / "unknown").write_text("DUOLOGUE_PORT=1\n")
    assert problems(ENV_FILE=str(tmp_path / "unknown"))[0].startswith("DUOLOGUE_PORT in ")


SECRETS = {
    "BOT_TOKENS": f"{TOKEN},{OTHER}",
    "DATABASE_URL": "postgresql://me:hidden-word@host/x",
    "DATABASE_REPLICA_URLS": "postgresql://me:hidden-word@host/x",
    "REDIS_URL": "redis://:hidden-word@host",
    "SECRET_KEY": "hidden-word" * 3,
}


def test_secrets_are_not_shown() -> None:
    shown = repr(read(**SECRETS))
    for secret in ("hidden-word", TOKEN, OTHER):
        assert secret not in shown


def outcome(**values: str) -> Settings | SettingsError:
    try:
        return read(**values)
    except SettingsError as error:
        return error


@pytest.mark.parametrize(
    "name", [name.removeprefix(PREFIX) for name in variables() if "DATA_DIR" not in name]
)
@pytest.mark.parametrize("secret", SECRETS.values())
def test_a_secret_in_the_wrong_place_is_not_repeated(name: str, secret: str) -> None:
    result = outcome(**{name: secret})
    if isinstance(result, SettingsError):
        assert not re.search(r"hidden-word|A{20}|b-_9b-_9", str(result))


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80)


@given(
    st.dictionaries(st.sampled_from([name.removeprefix(PREFIX) for name in variables()]), _texts, max_size=6)
)
def test_whatever_is_set_is_read_or_refused_in_whole_lines(values: dict[str, str]) -> None:
    result = outcome(**values)
    if isinstance(result, Settings):
        assert 1 <= result.send_rate <= 1000
        assert pickle.loads(pickle.dumps(result)) == result
    else:
        assert result.problems
        assert all(problem.startswith(PREFIX) for problem in result.problems)
        assert all(len(problem.splitlines()) == 1 for problem in result.problems)


_bots = st.integers(10_000, 10**12)
_tails = st.text("ABCxyz019_-", min_size=30, max_size=40)


@given(st.dictionaries(_bots, _tails, max_size=5), st.sampled_from([",", ", ", " ,"]))
def test_tokens_are_read_in_order(bots: dict[int, str], comma: str) -> None:
    tokens = [f"{bot}:{tail}" for bot, tail in bots.items()]
    settings = read(BOT_TOKENS=comma.join(tokens))
    assert [token.get_secret_value() for token in settings.bot_tokens] == tokens


@given(st.lists(st.integers(1, 10**15), unique=True, max_size=5))
def test_admins_are_read_in_order(admins: list[int]) -> None:
    assert read(ADMIN_IDS=",".join(map(str, admins))).admin_ids == tuple(admins)


def test_sockets_are_beside_the_data_unless_told_otherwise() -> None:
    assert read(DATA_DIR="/var/duo").hooks == Path("/var/duo/hooks")
    assert read(WEBHOOK_SOCKETS="/run/duologue/hooks").hooks == Path("/run/duologue/hooks")


def test_a_folder_for_sockets_must_be_short() -> None:
    long = "/" + "x" * 80
    (problem,) = problems(WEBHOOK_URL="https://bots.example.org", WEBHOOK_SOCKETS=long)
    assert problem.startswith("DUOLOGUE_WEBHOOK_SOCKETS has 81 characters; it should be a folder")
    assert read(WEBHOOK_SOCKETS=long).webhook_url is None, "nobody listens there"
    assert read(WEBHOOK_URL="https://x.org/", WEBHOOK_SOCKETS=long, WEBHOOK_PORT="9443").webhook_port == 9443


def test_filled_changes_only_what_is_given() -> None:
    settings = read(REDIS_URL="redis://one")
    filled = settings.filled(database_url="postgresql://x/y")
    assert filled.redis_url == "redis://one"
    assert filled.database_url == "postgresql://x/y"
    assert settings.database_url is None


def test_example_env_lists_every_variable_with_its_default() -> None:
    text = (Path(__file__).parents[3] / "config" / "example.env").read_text()
    listed = dict(re.findall(r"^#(DUOLOGUE_\w+)=(.*)$", text, re.MULTILINE))
    assert set(listed) == set(variables())
    with environment(**{name.removeprefix(PREFIX): value for name, value in listed.items()}):
        assert load() == read()
