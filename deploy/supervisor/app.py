"""`duologue up`: runs a Network until it is told to stop."""

import asyncio
import signal
import sys

from rich.console import Console

from config.settings import Settings
from core.domain.errors import DuologueError
from core.service.run import flatten
from deploy.supervisor.nursery import Nursery
from deploy.supervisor.progress import Screen

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(settings: Settings, *, logs: bool = False) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP; the exit code. A second signal ends the processes by force."""
    screen = Screen(Console(highlight=False))
    code = 0
    try:
        asyncio.run(_up(settings, screen, logs=logs))
    except* DuologueError as errors:
        for error in flatten(errors):
            sys.stderr.write(f"duologue: {error}\n")
        code = 1
    return code


async def _up(settings: Settings, screen: Screen, *, logs: bool) -> None:
    nursery = Nursery(demo=not settings.bot_tokens)
    nursery.begin()
    # After that, so that what the others import and what we import is read side by side.
    from deploy.supervisor.network import Network

    network = asyncio.create_task(Network(settings, screen, nursery, logs=logs).run(), name="network")
    told = False

    def tell() -> None:
        nonlocal told
        if told:
            nursery.kill_all()
            return
        told = True
        screen.say("Stopping; press Ctrl-C again to hurry it")
        network.cancel()

    loop = asyncio.get_running_loop()
    for number in _STOP:
        loop.add_signal_handler(number, tell)
    try:
        await network
    except asyncio.CancelledError:
        if not told:
            raise
        screen.say("Stopped")
