"""`bench fleet`: many tokens on this machine, simulator and servers beside them, all across bots."""

import asyncio
import time

from tests.bench import proc
from tests.bench.load import Crowd, breaches, rates, refused, staged
from tests.bench.report import Figure, Progress, Report, at_least, at_most, machine, none_of, plain, quantile
from tests.harness.network import Network

CAP = 30
OFFERED = 31.0
"""A little above the cap, so that the cap is what limits."""

TOKENS = 26
"""What two cores carry with ease; with more, more gets through, later."""
OPTIONS = ("tokens",)
PEOPLE = 50
GOAL = 24 * CAP


async def run(quick: bool, progress: Progress, tokens: int = TOKENS) -> Report:
    """Messages a second over all tokens at full load; latency at 70 %; what each process costs."""
    seconds, calm = (9.0, 8.0) if quick else (300.0, 60.0)
    conditions = machine()
    progress(f"starting {tokens} shards with {PEOPLE} people each")
    async with staged(tokens, PEOPLE) as (network, crowd):
        progress("warming up")
        await crowd.write(rates(network, 20.0), 2.5)
        await crowd.settled(5)
        progress(f"70 % load for {calm:.0f} s")
        waits, spent = await _calm(network, crowd, calm)
        progress(f"full load for {seconds:.0f} s")
        writing = asyncio.ensure_future(crowd.write(rates(network, OFFERED), seconds + 2))
        await asyncio.sleep(1.5)
        before, begin = crowd.shown, time.monotonic()
        full = _Spent(network)
        await asyncio.sleep(seconds)
        rate = (crowd.shown - before) / (time.monotonic() - begin)
        full.end()
        await writing
        progress("draining")
        await crowd.settled(10 if quick else 60)
        verdict, broken, too_many = (
            crowd.ledger(),
            breaches(network.simulator),
            refused(network.simulator),
        )
    conditions |= {"tokens": tokens, "people_per_token": PEOPLE, "offered_per_token": OFFERED}
    conditions |= {"seconds": seconds, "calm_seconds": calm, "durability": network.settings.durability}
    return Report(
        "fleet",
        conditions,
        (
            at_least("fleet.rate", rate, "messages/s relayed across bots", GOAL),
            none_of("fleet.lost", verdict.lost, "messages"),
            none_of("fleet.inversions", verdict.inversions, "messages out of order"),
            at_most("fleet.p99_ms", quantile(waits, 0.99), "ms added at 70 % load", 100),
            plain("fleet.median_ms", quantile(waits, 0.5), "ms added at 70 % load"),
            none_of("fleet.repeats", verdict.repeats, "messages"),
            none_of("fleet.strangers", verdict.strangers, "messages shown to somebody else"),
            none_of("fleet.breaches", broken, "arrivals above a limit"),
            none_of("fleet.too_many", too_many, "429s"),
            *spent.figures("calm"),
            *full.figures("full"),
            *(
                plain(
                    f"fleet.tokens_on_{cores}_cores", full.tokens(cores, rate), "tokens without the simulator"
                )
                for cores in (2, 4, 8)
            ),
        ),
    )


async def _calm(network: Network, crowd: Crowd, seconds: float) -> tuple[list[float], "_Spent"]:
    spent = _Spent(network)
    begin = time.monotonic()
    await crowd.write(rates(network, 0.7 * CAP), seconds)
    end = time.monotonic()
    spent.end()
    await crowd.settled(5)
    return crowd.waits_ms(begin, end), spent


class _Spent:
    """CPU of each kind of process over a stretch of time, as shares of one core."""

    def __init__(self, network: Network) -> None:
        redis = network.redis.pid
        postgres = network.postgres.pid
        assert redis is not None, "Redis runs"
        assert postgres is not None, "PostgreSQL runs"
        self._kinds: dict[str, list[int]] = {
            "shards": proc.shards(network),
            "redis": [redis],
            "postgres": [postgres],
            "coordinator": [proc.pid(network, "coordinator:0")],
            "simulator": [proc.own()],
        }
        self._begin = time.monotonic()
        self._before = {kind: proc.cpu_seconds(pids) for kind, pids in self._kinds.items()}
        self.shares: dict[str, float] = {}

    def end(self) -> None:
        """Here the stretch ends."""
        elapsed = time.monotonic() - self._begin
        self.shares = {
            kind: (proc.cpu_seconds(pids) - self._before[kind]) / elapsed
            for kind, pids in self._kinds.items()
        }

    def tokens(self, cores: int, rate: float) -> float:
        """How many tokens at their cap that many cores carry, by what a message costs at this rate."""
        message = (self.shares["shards"] + self.shares["redis"] + self.shares["postgres"]) / max(rate, 1.0)
        return (cores - self.shares["coordinator"]) / (message * CAP)

    def figures(self, when: str) -> list[Figure]:
        """One for each kind of process."""
        shares = dict(self.shares)
        shares["shard"] = shares.pop("shards") / len(self._kinds["shards"])
        return [plain(f"fleet.{when}_{kind}", share, "of a core") for kind, share in shares.items()]
