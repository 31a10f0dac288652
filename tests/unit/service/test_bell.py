"""The bell: rung before or while one waits, and when the one who waited has given up."""

import asyncio

from core.service.bell import Bell


async def test_a_ring_before_the_wait_counts_until_it_is_cleared() -> None:
    bell = Bell()
    bell.set()
    bell.set()
    await asyncio.wait_for(bell.wait(), 5)
    await asyncio.wait_for(bell.wait(), 5)
    bell.clear()
    assert not bell.wait().done()


async def test_who_waits_is_woken_once() -> None:
    bell = Bell()
    waiting = bell.wait()
    bell.set()
    bell.set()
    await asyncio.wait_for(waiting, 5)
    bell.clear()
    again = bell.wait()
    assert not again.done()
    bell.set()
    await asyncio.wait_for(again, 5)


async def test_who_has_given_up_takes_no_ring_away() -> None:
    bell = Bell()
    bell.wait().cancel()
    bell.set()
    await asyncio.wait_for(bell.wait(), 5)
