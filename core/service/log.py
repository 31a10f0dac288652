"""Structured logs, one event a line, from which no token and no password can be read.

Nobody logs tokens, texts or names; should a library put a token into its words all the same,
the last step before writing, on the finished line, takes it out: so it does not matter in which
field, how deep, or in which error's text it stood.
"""

import logging
import re
import sys
import traceback
from pathlib import Path

import structlog

from config.values import LogFormat, LogLevel

_TOKEN = re.compile(r"[0-9]{5,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_PASSWORD = re.compile(r"(://[^\s/?#:@]*):[^\s/?#]+@")


def redact(line: str) -> str:
    """The line without anything that looks like a bot token or like a password in a URL."""
    return _PASSWORD.sub(r"\1:<password>@", _TOKEN.sub("<token>", line))


def tame(event: str) -> str:
    """The event without what a terminal obeys, and with nothing in it that looks like another event."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", event).replace("\n", "\n    ")


class _Redacting(structlog.stdlib.ProcessorFormatter):
    """Ours and the libraries' events, finished, then redacted."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(tame(super().format(record)))


def configure(process: str, level: LogLevel = "info", form: LogFormat = "console") -> None:
    """Send this process's log, and the libraries', to standard error under the process's name."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Plain stacks only: a prettier one would show local variables, and so what people wrote.
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Redacting(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    # A failure to log would be printed with the event's arguments, past the redaction.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiogram", "aiohttp.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def innermost(error: BaseException) -> str:
    """Where an error was raised, like "commands.py:120": all that may be said of one that may hold a text."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
