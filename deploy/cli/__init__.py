"""The command line: `duologue`. Commands are imported when they are called, so that it starts fast.

What goes wrong in a way that we know is one line on standard error and exit code 1 (2 where the
command itself was mistyped); everything else is a fault of ours and shows where it happened.
"""

import sys
from collections.abc import Callable

import cyclopts

from deploy.cli import run
from deploy.cli.bench import bench
from deploy.cli.moderation import ban, forget, reports, unban
from deploy.cli.stats import stats

POISON = "Look at what could not be read and was put aside, replay it, drop it."
BROADCAST = "Send one message to everybody, from what chats leave over of each bot's limits."
BOTS = "Add, list, drain and remove bots while the network runs."
# Light to import: what they need they import when they run.
_COMMANDS: tuple[Callable[..., int], ...] = (
    run.up,
    stats,
    reports,
    ban,
    unban,
    forget,
    run.migrate,
    run.coordinator,
    run.shard,
    run.simulator,
    bench,
)


def _app() -> cyclopts.App:
    app = cyclopts.App(
        name="duologue",
        help="An anonymous 1-to-1 chat network on Telegram that grows by bot tokens. "
        "Settings come from the environment: config/example.env lists them.",
        version=_version,
        help_format="markdown",
        default_parameter=cyclopts.Parameter(negative=(), show_default=False),
        result_action="return_value",
        error_formatter=str,
        exit_on_error=False,
        print_error=False,
    )
    for place, command in enumerate(_COMMANDS):
        app.command(command, sort_key=place)
    app.command("deploy.cli.bots:app", name="bots", help=BOTS, sort_key=1.5)
    app.command("deploy.cli.broadcast:app", name="broadcast", help=BROADCAST, sort_key=1.6)
    app.command("deploy.cli.poison:app", name="poison", help=POISON, sort_key=1.7)
    return app


def main() -> None:
    """Run the command that the command line names, and exit."""
    try:
        code = _app()()
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        problems, code = _known(error)
        if not problems:
            raise
        for problem in problems:
            sys.stderr.write(f"duologue: {problem}\n")
    sys.exit(code)


def _known(error: Exception) -> tuple[tuple[str, ...], int]:
    """What to tell of an error, a line each, and the exit code; nothing for one that we do not know."""
    if isinstance(error, cyclopts.CycloptsError):
        return (" ".join(str(error).split()) + " ('--help' tells what there is)",), 2
    from config.settings import SettingsError
    from core.domain.errors import DuologueError

    if isinstance(error, SettingsError):
        return error.problems, 1
    return (str(error),) if isinstance(error, DuologueError) else (), 1


def _version() -> str:
    from importlib.metadata import version

    return version("duologue") + "\n"
