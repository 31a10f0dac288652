"""A part that hogs the loop is seen."""

import asyncio
import time

from core.service import metrics, pulse
from tests.harness.waiting import until


def _longer_than(seconds: float) -> float:
    """How many turns were longer, so far."""
    (family,) = metrics.LOOP_TURN_SECONDS.collect()
    counts = {s.labels.get("le", s.name): s.value for s in family.samples}
    return counts["+Inf"] - counts[str(seconds)]


async def test_a_part_that_hogs_the_loop_is_seen() -> None:
    async def hog() -> None:
        while True:
            end = time.thread_time() + 0.03
            while time.thread_time() < end:
                pass
            await asyncio.sleep(0)

    before = _longer_than(0.02)
    parts = [asyncio.create_task(pulse.feel()), asyncio.create_task(hog())]
    try:
        await until(lambda: _longer_than(0.02) > before, 10, "the turn to be counted")
    finally:
        for part in parts:
            part.cancel()
