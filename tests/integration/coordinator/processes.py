"""A coordinator as a process of its own."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

PROGRAM = """
import sys
from config.settings import load
from coordinator.app import main
main(load(), int(sys.argv[1]))
"""


class Coordinator:
    """One process, seen from outside."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    async def page(self, name: str) -> tuple[int, str]:
        """Status and text; 0 where nobody answers."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
                session.get(f"http://127.0.0.1:{self.port}/{name}") as answer,
            ):
                return answer.status, (await answer.text()).strip()
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""

    async def says(self, word: str, status: int = 200) -> bool:
        answered, text = await self.page("readyz")
        return answered == status and word in text

    async def leads(self) -> bool:
        return await self.says("leads with epoch")

    async def stands_by(self) -> bool:
        return await self.says("stands by")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


Start = Callable[..., Awaitable[Coordinator]]
