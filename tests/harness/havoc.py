"""Kills, freezes and broken answers, by a seeded plan, and a warden who starts again what has died.

After each blow the run waits until what it hit serves again, so that every blow has its time of
recovery: for a shard until its next process shows something to somebody, for the leader until two
people meet, for a server of data until any bot shows something; from the blow, or from the moment
when a server that was kept down is up again.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from core.domain.ids import BotId
from core.service.run import REFUSED
from simulator.faults.rules import LOSES_ANSWER, Kind, Rule
from tests.harness.ledger import UNDERWAY, End
from tests.harness.network import Network
from tests.harness.toll import Toll

SETTLED = 1.9
"""News of a pair that the leader made may still arrive; who follows waits at least so long for the lease."""

PATIENCE = 30.0
FROZEN = 4.5
"""Longer than a lease."""

DOWN = 1.0
"""Seconds that a killed server of data stays down."""

AWAY = 6.0
"""Seconds that nobody serves a bot, while its stream grows."""

SLOW_SECONDS, STANDS, RUNS = 4.0, 0.2, 0.03
"""A slow process stands and runs for so long by turns."""

_BLOWS = (
    *(("shard", 6), ("shards", 12), ("leader", 2), ("standby", 1), ("coordinators", 2), ("redis", 2)),
    *(("postgres", 1), ("shard+redis", 2), ("shard+leader", 2), ("all", 12), ("freeze", 2), ("telegram", 2)),
    *(("slow", 1), ("away", 1), ("freeze leader", 1)),
)
_BROKEN = (Kind.TOO_MANY, Kind.DISGUISED, Kind.SERVER_ERROR, Kind.RESET_BEFORE, *LOSES_ANSWER, Kind.SLOW)


@dataclass(slots=True, kw_only=True)
class Havoc(Toll):
    """Deals the blows, `first` these, until it has killed `most`."""

    network: Network
    seed: int
    most: float = float("inf")
    first: Sequence[str] = ()
    _redis_down: float = float("-inf")
    _redis_up: float = float("-inf")
    _expected: set[str] = field(default_factory=set)
    _serving: dict[BotId, str] = field(default_factory=dict)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._serving = {bot: f"shard:{bot}" for bot in self.network.bots}

    async def rage(self, seconds: float) -> None:
        """Blow after blow for so long at most; returns when the last is overcome."""
        end = time.monotonic() + seconds
        names = [name for name, weight in _BLOWS for _ in range(weight)]
        # Every kind once first, in an order of the seed's; then at random.
        plan = [*self._chance.sample([name for name, _ in _BLOWS], len(_BLOWS)), *reversed(self.first)]
        while time.monotonic() < end and self.kills < self.most:
            await self.blow(plan.pop() if plan else self._chance.choice(names))
            await asyncio.sleep(self._chance.uniform(0.1, 0.5))

    async def blow(self, kind: str) -> None:
        """One blow of that kind, and what it takes to get over it."""
        bot = self._chance.choice(self.network.bots)
        some = self._chance.sample(self.network.bots, self._chance.randint(2, len(self.network.bots)))
        match kind:
            case "telegram":
                await self._break_answers()
            case "slow":
                await self._slow(bot)
            case "freeze":
                await self._freeze(bot)
            case "freeze leader":
                await self._freeze_leader()
            case "shards":
                await self._kill(kind, some)
            case "all":
                await self._kill(kind, self.network.bots)
            case _:
                await self._kill(kind, [bot] if "shard" in kind or kind == "away" else [])

    async def ward(self) -> None:
        """Start again what has ended, as a supervisor does, until cancelled."""
        while True:
            for name, code in self.network.ended().items():
                self.network.kill(name)
                woke_up = name in self._expected
                self._expected.discard(name)
                if not woke_up or code != REFUSED:
                    self.unexpected.append(self.network.last_words(name, code))
                if not woke_up:
                    self.network.start_again(name)
            await asyncio.sleep(0.05)

    async def _kill(self, kind: str, shards: list[BotId]) -> None:
        """kill -9 of these shards, and of what else the kind names."""
        began = time.monotonic()
        if "redis" in kind or kind == "all":
            self._kill_redis()
        if kind in ("postgres", "all"):
            self.network.postgres.kill()
            self.kills += 1
        coordinators = await self._coordinators(kind)
        names = [self._serving[bot] for bot in shards] + coordinators
        for name in names:
            self._kill_process(name)
        if kind == "away":
            await asyncio.sleep(AWAY)
            began = time.monotonic()
        for name in names:
            self.network.start_again(name)
        if "redis" in kind or kind in ("postgres", "all"):
            await asyncio.sleep(DOWN)
            await self.network.postgres.start()
            await self.network.redis.start()
            began = time.monotonic()
            if "redis" in kind or kind == "all":
                self._redis_up = began
        await self._recovered(kind, began, shards, meet=bool(coordinators))

    def _kill_process(self, name: str) -> None:
        self.kills += 1
        life = self.network.lives[name]
        self.network.kill(name)
        self.ends[life] = self._end()

    def _kill_redis(self) -> None:
        self._redis_down = time.monotonic()
        self.network.redis.kill()
        self.kills += 1

    def _end(self) -> End:
        """The end of a life now: what it had shown while Redis was away, it could not acknowledge."""
        now = time.monotonic()
        up = now if self._redis_up < self._redis_down else self._redis_up
        return End(now, up - self._redis_down if now - up < UNDERWAY else 0.0)

    async def _coordinators(self, kind: str) -> list[str]:
        names = [name for name in self.network.processes if name.startswith("coordinator")]
        if kind in ("coordinators", "all"):
            return names
        leading = [n for n in names if await self.network.figure(n, "duologue_coordinator_leads") == 1]
        if "leader" in kind:
            return leading[:1]
        return [name for name in names if name not in leading][:1] if kind == "standby" else []

    async def _freeze(self, bot: BotId) -> None:
        """The shard of a bot stands still beyond its lease, another takes over, and it wakes up."""
        began = time.monotonic()
        self.freezes += 1
        frozen = self._serving[bot]
        self.network.freeze(frozen)
        self.ends[self.network.lives[frozen]] = self._end()
        self._expected.add(frozen)
        self._serving[bot] = self.network.start_shard(bot, "" if frozen.count(":") == 2 else "other")
        await asyncio.sleep(FROZEN)
        # Not before the other serves: if nobody had taken the lease, it would be the sleeper's again.
        await self._recovered("freeze", began, [bot], meet=False)
        self.network.thaw(frozen)

    async def _freeze_leader(self) -> None:
        """The leader stands still beyond its lease, the standby leads, and it wakes up."""
        began = time.monotonic()
        for name in await self._coordinators("leader"):
            self.freezes += 1
            self.network.freeze(name)
            await asyncio.sleep(FROZEN)
            await self._recovered("freeze leader", began, [], meet=True)
            self.network.thaw(name)

    async def _slow(self, bot: BotId) -> None:
        """The shard of a bot gets little of the processor; it keeps its lease and repeats nothing."""
        end = time.monotonic() + SLOW_SECONDS
        while time.monotonic() < end and self._serving[bot] not in self.network.ended():
            self.network.freeze(self._serving[bot])
            await asyncio.sleep(STANDS)
            self.network.thaw(self._serving[bot])
            await asyncio.sleep(RUNS)

    async def _break_answers(self) -> None:
        faults = self.network.simulator.faults
        kinds = self._chance.sample(_BROKEN, 4)
        added = [
            faults.add(
                Rule(kind=kind, methods=("sendMessage",), probability=0.2, times=6, seconds=1.0, status=502)
            )
            for kind in kinds
        ]
        added.append(
            faults.add(Rule(kind=Kind.DUPLICATE, methods=("getUpdates",), every=2, times=6, count=9))
        )
        added.append(faults.add(Rule(kind=Kind.RESET_AFTER, methods=("getUpdates",), every=5, times=2)))
        await asyncio.sleep(2)
        for rule in added:
            faults.remove(rule.id)

    async def _recovered(self, kind: str, began: float, shards: list[BotId], *, meet: bool) -> None:
        """Wait until the lives that now serve these bots have shown something, and `meet`: people met.

        Where nobody died but a server: until any bot shows something.
        """
        waited: list[Callable[[], float | None]] = [partial(self._first_of, bot) for bot in shards]
        if meet:
            waited.append(partial(_first, self.society.meetings, began + SETTLED))
        if not waited:
            waited.append(lambda: _first(self.society.last_shown.values(), began))
        end = time.monotonic() + PATIENCE
        moments: list[float] = []
        while len(moments) < len(waited) and time.monotonic() < end:
            moments = [at for ask in waited if (at := ask()) is not None]
            await asyncio.sleep(0.02)
        took = max(0.0, max(moments) - began) if len(moments) == len(waited) else PATIENCE
        self.recoveries.append((kind, took))
        self.tell(f"{kind} ({', '.join(str(b) for b in shards) or '-'}): recovered after {took:.1f} s")

    def _first_of(self, bot: BotId) -> float | None:
        """When the process that serves a bot now showed something for the first time."""
        return self.society.first_shown.get(self.network.lives[self._serving[bot]])


def _first(moments: Iterable[float], after: float) -> float | None:
    return min((at for at in moments if at > after), default=None)
