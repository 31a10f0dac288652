"""How long one turn of the loop takes this process: who hogs it holds up everybody else's messages.

Measured in CPU time of the loop's thread, so that a busy machine does not look like a long turn.
"""

import asyncio
import time

from core.service import metrics

EVERY_SECONDS = 0.25


async def feel() -> None:
    """Time one turn after the other, four of them a second, for ever."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        begin = time.thread_time()
        # Once around: everything that is ready just now has its go.
        await asyncio.sleep(0)
        metrics.LOOP_TURN_SECONDS.observe(time.thread_time() - begin)
