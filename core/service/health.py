"""The small HTTP server of every process: /metrics, /healthz (the loop turns), /readyz (it serves)."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from core.domain.errors import DuologueError
from core.service import metrics

Readiness = Callable[[], tuple[bool, str]]
"""Whether the process serves, and a word about it."""


def application(ready: Readiness) -> web.Application:
    """The three pages; a process may add routes of its own."""

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def serving(_: web.Request) -> web.Response:
        yes, word = ready()
        return web.Response(text=f"{word}\n", status=200 if yes else 503)

    app = web.Application()
    app.router.add_get("/metrics", figures)
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", serving)
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve until the block ends; yields the port (0 asks for a free one). Raises DuologueError if taken."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            # The loop's own text repeats the address; a name that does not resolve has no number.
            unnumbered = error.errno is None or isinstance(error, socket.gaierror)
            reason = error.strerror if unnumbered else os.strerror(error.errno or 0)
            raise DuologueError(
                f"port {port} on {host} cannot be used ({reason}): end what uses it, or set another one"
            ) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
