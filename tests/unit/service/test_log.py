"""The log: one line an event, from which no token and no password can be read."""

import json
import logging
from collections.abc import Iterator
from typing import Literal, get_args

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from config.values import LogFormat
from core.service import log

TOKEN = "1234567890:" + "Example-Token_" * 2 + "1234567"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Logging is the whole process's: leave it as it was."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:], level, logging.raiseExceptions = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


How = Literal["words", "field", "deep", "key", "escaped", "error", "library", "library error", "url"]


def leak(how: How) -> None:
    """Log the token in a place where one would not look for it."""
    logger = structlog.get_logger("part")
    match how:
        case "words":
            logger.info("POST /bot%s/sendMessage failed", TOKEN)
        case "field":
            logger.warning("failed", url=f"https://api.telegram.org/bot{TOKEN}/getMe")
        case "deep":
            logger.info("failed", request={"urls": [TOKEN], "raw": TOKEN.encode()})
        case "key":
            logger.info("failed", **{TOKEN: 1})
        case "escaped":
            logger.info("failed", url=f"http://host/?url={TOKEN.replace(':', '%3A')}")
        case "error":
            try:
                raise ValueError(TOKEN)
            except ValueError:
                logger.exception("failed")
        case "library":
            logging.getLogger("aiohttp.client").warning("to %s", f"/bot{TOKEN}/x")
        case "library error":
            logging.getLogger("aiohttp.client").error("failed", exc_info=OSError(f"bot{TOKEN}"))
        case "url":
            logger.info("failed", url=f"redis://me:{TOKEN}@host")


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("how", get_args(How))
def test_a_token_is_taken_out_wherever_it_stands(
    how: How, form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("shard 1", "info", form)
    leak(how)
    written = capsys.readouterr().err
    assert "AAEhBOweik" not in written
    assert "<token>" in written or "<password>" in written


def test_one_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("shard 1", "info", "json")
    structlog.get_logger("part").info("serving", epoch=7)
    event = json.loads(capsys.readouterr().err)
    assert event["event"] == "serving"
    assert event["epoch"] == 7
    assert event["process"] == "shard 1"
    assert event["level"] == "info"
    assert "timestamp" in event


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("shard 1", "warning")
    structlog.get_logger("part").info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger("part").warning("loud")
    assert "quiet" not in (written := capsys.readouterr().err)
    assert "loud" in written


def test_a_stack_shows_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("shard 1")
    try:
        said = "what somebody wrote"
        raise ValueError(len(said))
    except ValueError:
        structlog.get_logger("part").exception("failed")
    written = capsys.readouterr().err
    assert "ValueError: 19" in written
    assert "what somebody wrote" not in written


_alphabet = "ABCXYZabcxyz0189_-"


@given(
    st.text(max_size=20),
    st.integers(10_000, 10**12),
    st.text(_alphabet, min_size=30, max_size=45),
    st.text(max_size=20),
)
def test_no_token_survives(before: str, bot: int, tail: str, after: str) -> None:
    assert tail not in log.redact(f"{before}{bot}:{tail}{after}")


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("postgresql://me:p@ss:w0rd@host:5432/x", "postgresql://me:<password>@host:5432/x"),
        ("redis://:secret@host", "redis://:<password>@host"),
        ("http://localhost:8081/file", "http://localhost:8081/file"),
        ("at 12:30 message 1234567:5", "at 12:30 message 1234567:5"),
        ("see http://a:1/ and mail me@host", "see http://a:1/ and mail me@host"),
    ],
)
def test_only_secrets_are_taken_out(line: str, left: str) -> None:
    assert log.redact(line) == left


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_event_cannot_pass_for_another_nor_drive_a_terminal(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("shard 1", "info", form)
    forged = "\n2026-01-01T00:00:00Z [error    ] forged\r\x1b[2J\x07\x9b31m\u2028"
    structlog.get_logger("part").info(f"refused: {forged}", why=forged)
    logging.getLogger("library").warning("to %s", forged)
    written = capsys.readouterr().err
    assert not set(written) & set("\r\x1b\x07\x9b\u2028")
    assert not [line for line in written.splitlines() if line.startswith("2026-01-01")]
    assert written.count("forged") == 3
