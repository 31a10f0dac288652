"""Waiting for something to become true."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(true: Callable[[], Awaitable[bool] | bool], seconds: float, what: str) -> None:
    """Look again and again; AssertionError that says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        answer = true()
        if await answer if isinstance(answer, Awaitable) else answer:
            return
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        await asyncio.sleep(0.02)
