"""Where to look, once the network runs."""

import sys
from pathlib import Path

from config.settings import Settings
from deploy.home import Home
from deploy.supervisor.progress import Screen

_EVERYWHERE = frozenset(
    (
        "",
        "0.0.0.0",  # noqa: S104 - compared with, not listened on
        "::",
    )
)


def http_at(settings: Settings, port: int) -> str:
    """The address of a port of ours, as seen from this machine."""
    host = settings.listen_host
    return f"http://{'127.0.0.1' if host in _EVERYWHERE else host}:{port}"


def signpost(screen: Screen, settings: Settings, home: Home, *, demo: bool, logs: bool) -> None:
    """Say what runs and what to do next. `logs`: the logs are on the screen already."""
    command = _command()
    rows = []
    if demo:
        rows.append(("Two phones to chat with", f"{settings.telegram_api_url}/"))
    rows += [
        ("Figures", f"{command} stats"),
        ("For Prometheus", f"{http_at(settings, settings.metrics_port)}/metrics and ports above"),
        ("One more bot", f"{command} bots add"),
    ]
    if not logs:
        rows.append(("Logs", str(home.logs)))
    if demo:
        rows.append(("On Telegram itself", "DUOLOGUE_BOT_TOKENS=<from @BotFather> make up"))
    if home.leaves_bots_out:
        rows.append(("Your own bots", "not served, because DUOLOGUE_BOT_TOKENS names none; one will do"))
    screen.signpost(
        "The demo runs." if demo else "The network runs.",
        rows,
        f"Ctrl-C stops all of it. What it knows stays in {home.work}",
    )


def _command() -> str:
    """This program as one would type it here."""
    called = Path(sys.argv[0])
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_absolute() and called.is_relative_to(here) else called)
