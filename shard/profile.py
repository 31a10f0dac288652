"""How the bot presents itself in Telegram: its commands and what it says before /start."""

from typing import Any

import structlog

from core.domain.envelope import Lane
from shard.telegram import Caller, TelegramError

COMMANDS = (
    ("find", "Meet somebody"),
    ("next", "Leave and meet somebody else"),
    ("stop", "End the chat or the search"),
    ("report", "Tell us about bad behaviour"),
    ("unsend", "As a reply: take a message back on both sides"),
    ("settings", "Your settings"),
    ("privacy", "What we keep and what we do not"),
    ("help", "How it works"),
)
DESCRIPTION = "Talk with a stranger, one to one, anonymously. Press Start."

log = structlog.get_logger(__name__)


async def present(call: Caller) -> None:
    """Tell Telegram, in the background and at leisure; the bot serves without it too."""
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        (
            "setMyCommands",
            {"commands": [{"command": name, "description": words} for name, words in COMMANDS]},
        ),
        ("setMyDescription", {"description": DESCRIPTION}),
    )
    for method, params in calls:
        try:
            await call(method, params, lane=Lane.BROADCAST)
        except TelegramError as error:
            log.info("the bot's profile was not brought up to date", method=method, why=str(error))
