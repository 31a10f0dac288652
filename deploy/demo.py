"""The simulator as a process: alone, or as the demo's Telegram."""

import asyncio
import logging
import signal
import sys

import uvloop

from config.settings import Settings
from simulator.app import Options, PortTaken, serve

DEMO_PEOPLE = 12
"""Virtual people who chat, so that a lone visitor finds a partner."""


def simulator_options(settings: Settings, bots: int) -> Options:
    """The demo's simulator."""
    return Options(host=settings.listen_host, port=settings.simulator_port, bots=bots, people=DEMO_PEOPLE)


def serve_simulator(options: Options) -> int:
    """Run a simulator until SIGTERM or SIGINT; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        uvloop.run(_until_told(options))
    except PortTaken as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _until_told(options: Options) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(options, stop)
