"""Bytes of files: not faster than the pace, and to whoever had least."""

import asyncio
import time

from core.service.clock import SystemClock
from shard.belt import AHEAD, BEGINNING, Belt

RATE = 1_000_000.0
PIECE = 20_000


async def test_no_more_than_the_pace_passes() -> None:
    belt = Belt(SystemClock(), RATE)
    begin = time.monotonic()
    await asyncio.gather(*(belt.turn(n, PIECE) for n in range(10)))
    assert time.monotonic() - begin >= 9 * PIECE / RATE - AHEAD


async def test_who_had_least_is_next() -> None:
    belt = Belt(SystemClock(), RATE)
    passed: list[int] = []

    async def move(had: int) -> None:
        await belt.turn(had, PIECE)
        passed.append(had)

    await belt.turn(0, int(RATE * AHEAD) + PIECE)
    await asyncio.gather(*(move(had) for had in (3, 1, 2, 0)))
    assert passed == [0, 1, 2, 3]


async def test_files_begin_at_the_pace_and_before_others_move_on() -> None:
    belt = Belt(SystemClock(), BEGINNING * 50)
    order: list[str] = []

    async def film() -> None:
        await belt.turn(1_000_000, BEGINNING)
        order.append("film")

    async def file() -> None:
        await belt.begin()
        order.append("file")

    begin = time.monotonic()
    await belt.begin()
    await asyncio.gather(film(), *(file() for _ in range(4)))
    assert order == ["file"] * 4 + ["film"]
    assert time.monotonic() - begin >= 5 / 50 - AHEAD


async def test_one_that_was_given_up_holds_up_nobody() -> None:
    belt = Belt(SystemClock(), RATE)
    await belt.turn(0, int(RATE * AHEAD) + PIECE)
    given_up = asyncio.create_task(belt.turn(0, 1_000_000_000))
    await asyncio.sleep(0)
    given_up.cancel()
    async with asyncio.timeout(10):
        await belt.turn(1, PIECE)
