"""`python -m simulator`: a simulator of its own, until Ctrl-C."""

import argparse
import asyncio
import logging
import signal
import sys

from simulator.app import Options, PortTaken, serve


def _options() -> Options:
    parser = argparse.ArgumentParser(
        prog="simulator", description="A Telegram Bot API server with virtual people."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8081, help="port to listen on (default 8081, 0 = any)")
    parser.add_argument(
        "--bots", type=int, default=3, help="how many bots there are from the start (default 3)"
    )
    parser.add_argument("--seed", default="duologue", help="the same seed makes the same bots and tokens")
    parser.add_argument(
        "--local", action="store_true", help="play a local Bot API server: large files, file:// paths"
    )
    parser.add_argument("--people", type=int, default=0, help="how many chatters keep company (default 0)")
    given = parser.parse_args()
    return Options(given.host, given.port, given.bots, given.seed, given.local, people=given.people)


async def _until_told(options: Options) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(options, stop)


def main() -> int:
    """Exit code 0 after a clean stop, 1 when the address could not be had."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        import uvloop
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    try:
        run(_until_told(_options()))
    except PortTaken as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
