"""`bench match`: how many people a second can arrive and be paired, whatever the size of the pool.

The real matcher, scripts and Redis, for each size of the pool in processes of their own that take turns;
the arrivals, which in a network come from all shards, come from another. Whoever arrives is paired with the
one who waits longest, and the pool is filled up again between stretches.
"""

from contextlib import AsyncExitStack

from tests.bench.arrivals import BOTS
from tests.bench.child import child
from tests.bench.report import Progress, Report, at_least, at_most, machine, middle, plain, quantile

SMALL, MIDDLE, LARGE = POOLS = (1_000, 10_000, 100_000)
PARTS = ("shards", "coordinator", "redis")
CALM_RATE = 2_500


async def run(quick: bool, progress: Progress) -> Report:
    """Arrivals a second at each size of the pool; latency at half the goal's rate."""
    rounds, calm = (5, 3) if quick else (20, 20)
    conditions = machine()
    rates: dict[int, list[float]] = {size: [] for size in POOLS}
    costs: dict[int, list[dict[str, float]]] = {size: [] for size in POOLS}
    async with AsyncExitStack() as stack:
        pools = {size: await stack.enter_async_context(child("tests.bench.pool", size)) for size in POOLS}
        for number in range(rounds):
            for size, pool in pools.items():
                told = await pool.ask()
                rates[size].append(told.pop("rate"))
                costs[size].append(told)
                cost = sum(told.values())
                progress(
                    f"round {number + 1}: {size:,} wait, {rates[size][-1]:,.0f}/s, {cost:.0f} us CPU each"
                )
        progress(f"{CALM_RATE:,} arrivals a second, for their latency")
        waits = await pools[MIDDLE].ask(CALM_RATE, calm)
    conditions |= {"bots": BOTS, "rounds": rounds, "calm_seconds": calm, "durability": "fsync"}
    rate = {size: middle(some) for size, some in rates.items()}
    whole = {size: [sum(one.values()) for one in some] for size, some in costs.items()}
    growth = middle([large / small for large, small in zip(whole[LARGE], whole[SMALL], strict=True)])
    worst = costs[max(POOLS, key=lambda size: middle(whole[size]))]
    return Report(
        "match",
        conditions,
        (
            at_least("match.rate", min(rate.values()), "arrivals/s, the slowest pool", 5_000),
            at_most("match.growth_100k_1k", growth, "x the CPU an arrival costs with 1,000", 1.3),
            at_most("match.p99_ms", quantile(waits, 0.99), "ms to both being told, 2,500 arrivals/s", 250),
            plain("match.median_ms", middle(waits), "ms to both being told"),
            *(plain(f"match.rate_{size}", value, "arrivals/s") for size, value in rate.items()),
            *(plain(f"match.cost_{size}", middle(some), "us CPU an arrival") for size, some in whole.items()),
            *(
                plain(
                    f"match.cost_{part}",
                    middle([one[part] for one in worst]),
                    "us CPU an arrival, the slowest pool",
                )
                for part in PARTS
            ),
        ),
    )
