"""A token whose real limit is below what the operator set: the shard finds it out, and keeps to it."""

import asyncio
import time

import pytest

from tests.bench.load import refused, staged
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio]

REAL, SET = 20, 30
SECONDS = 8.0


async def test_a_lower_limit_is_learned() -> None:
    async with staged(2, 60) as (network, crowd):
        judge, (poor, rich) = network.simulator.judge, (int(bot) for bot in network.bots)
        shard = f"shard:{poor}"

        async def rate() -> float:
            return await network.figure(shard, "duologue_budget_rate")

        looks = 0

        async def is_learned() -> bool:
            """For some seconds: after the first refusals the rate passes by here on its way back, too."""
            nonlocal looks
            await asyncio.sleep(0.5)
            looks = looks + 1 if 0.8 * REAL <= await rate() <= 1.1 * REAL else 0
            return looks == 10

        judge.set_bot_cap(poor, REAL)
        # What people write at one bot is shown by the other.
        writing = asyncio.ensure_future(crowd.write({rich: 1.1 * SET, poor: 5.0}, 3_600))
        await until(is_learned, 60, "the limit to be learned")

        held, too_many, begin = judge.records[poor].held, refused(network.simulator), time.monotonic()
        await asyncio.sleep(SECONDS)
        end = time.monotonic()
        shown = sum(crowd.shown_by_bot(begin, end)[poor].values())
        assert shown >= 0.8 * REAL * (end - begin), "it sends what it may"
        assert refused(network.simulator) - too_many <= 2, "and seldom more"
        assert judge.records[poor].held - held <= shown / 2, "hardly anything is held"
        assert await network.figure(f"shard:{rich}", "duologue_budget_rate") == SET, (
            "the other keeps its rate"
        )

        writing.cancel()
        await asyncio.wait({writing})
