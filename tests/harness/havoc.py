"""Kills, freezes and broken answers, by a seeded plan, and a warden who starts again what has died.

After each blow the run waits until what it hit serves again, so that every blow has its time of
recovery: for a shard until its bot shows something to somebody, for the leader until two people
meet, for a server of data until any bot shows something; from the blow, or from the moment when a
server that was kept down is up again.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.domain.ids import BotId
from simulator.faults.rules import Kind, Rule
from tests.harness.network import Network
from tests.harness.society import Society

SETTLED = 1.9
"""What was under way at a kill may still arrive; who follows waits at least so long for the lease."""

PATIENCE = 30.0
FROZEN = 4.5
"""Longer than a lease."""

DOWN = 1.0
"""Seconds that a killed server of data stays down."""

_BLOWS = (
    *(("shard", 6), ("shards", 3), ("leader", 2), ("standby", 1), ("coordinators", 1), ("redis", 2)),
    *(("postgres", 1), ("shard+redis", 2), ("shard+leader", 2), ("all", 1), ("freeze", 2), ("telegram", 3)),
)
_SHOWN_TWICE = (Kind.RESET_AFTER, Kind.TRUNCATED, Kind.CUT)


@dataclass(slots=True)
class Havoc:
    """What was done so far, and what came of it."""

    network: Network
    society: Society
    seed: int
    tell: Callable[[str], None] = lambda _: None
    kills: int = 0
    freezes: int = 0
    blows: int = 0
    deaths: list[tuple[float, int]] = field(default_factory=list)
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    _expected: set[str] = field(default_factory=set)
    _serving: dict[BotId, str] = field(default_factory=dict)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._serving = {bot: f"shard:{bot}" for bot in self.network.bots}

    @property
    def shown_twice(self) -> int:
        """How many answers were lost after Telegram had shown the message."""
        return sum(rule.hits for rule in self.rules if rule.kind in _SHOWN_TWICE)

    async def rage(self, seconds: float, first: Sequence[str] = ()) -> None:
        """Blow after blow for so long, `first` these; returns when the last one is overcome."""
        end = time.monotonic() + seconds
        names = [name for name, weight in _BLOWS for _ in range(weight)]
        # Every kind once first, in an order of the seed's; then at random.
        plan = [*self._chance.sample([name for name, _ in _BLOWS], len(_BLOWS)), *reversed(first)]
        while time.monotonic() < end:
            await self.blow(plan.pop() if plan else self._chance.choice(names))
            await asyncio.sleep(self._chance.uniform(0.2, 0.8))

    async def blow(self, kind: str) -> None:
        """One blow of that kind, and what it takes to get over it."""
        self.blows += 1
        bot = self._chance.choice(self.network.bots)
        some = self._chance.sample(self.network.bots, self._chance.randint(2, len(self.network.bots)))
        shards = {"shards": some, "all": self.network.bots}.get(kind, [bot] if "shard" in kind else [])
        began = time.monotonic()
        if kind == "telegram":
            await self._break_answers()
            return
        if kind == "freeze":
            await self._freeze(bot)
            await self._recovered(kind, began, [bot], meet=False)
            return
        if "redis" in kind or kind == "all":
            self._kill_redis()
        if kind in ("postgres", "all"):
            self.network.postgres.kill()
            self.kills += 1
        coordinators = await self._coordinators(kind)
        for name in [self._serving[bot] for bot in shards] + coordinators:
            self._kill(name)
        if "redis" in kind or kind in ("postgres", "all"):
            await asyncio.sleep(DOWN)
            await self.network.postgres.start()
            await self.network.redis.start()
            began = time.monotonic()
        await self._recovered(kind, began, shards, meet=bool(coordinators))

    async def ward(self) -> None:
        """Start again what has ended, as a supervisor does, until cancelled."""
        while True:
            for name, code in self.network.ended().items():
                self.network.kill(name)
                if name in self._expected:
                    self._expected.remove(name)
                    continue
                self.unexpected.append(f"{name} ended with {code}: {self.network.log(name)[-300:]}")
                self.network.start_again(name)
            await asyncio.sleep(0.05)

    def _kill(self, name: str) -> None:
        self.kills += 1
        if name.startswith("shard"):
            self.deaths.append((time.monotonic(), int(name.split(":")[1])))
        self.network.kill(name)
        self.network.start_again(name)

    def _kill_redis(self) -> None:
        self.network.redis.kill()
        self.kills += 1

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
        self.freezes += 1
        frozen = self._serving[bot]
        self.deaths.append((time.monotonic(), bot))
        self.network.freeze(frozen)
        self._expected.add(frozen)
        self._serving[bot] = self.network.start_shard(bot, "" if frozen.count(":") == 2 else "other")
        await asyncio.sleep(FROZEN)
        self.network.thaw(frozen)

    async def _break_answers(self) -> None:
        faults = self.network.simulator.faults
        kinds = self._chance.sample(
            [Kind.TOO_MANY, Kind.DISGUISED, Kind.SERVER_ERROR, Kind.RESET_BEFORE, *_SHOWN_TWICE, Kind.SLOW], 4
        )
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
        self.rules += added[:-1]
        await asyncio.sleep(2)
        for rule in added:
            faults.remove(rule.id)

    async def _recovered(self, kind: str, began: float, shards: list[BotId], *, meet: bool) -> None:
        wanted = {bot: self.society.shows[bot] for bot in shards or []}
        if not wanted and not meet:
            wanted = {BotId(0): [at for shows in self.society.shows.values() for at in shows[-1:]]}
        end = time.monotonic() + PATIENCE
        after = began + (SETTLED if shards or meet else 0.0)
        while time.monotonic() < end:
            if BotId(0) in wanted:
                wanted[BotId(0)] = [shows[-1] for shows in self.society.shows.values() if shows]
            served = all(shows and shows[-1] > after for shows in wanted.values())
            if served and (not meet or (self.society.meetings and self.society.meetings[-1] > after)):
                break
            await asyncio.sleep(0.02)
        moments = [next((at for at in shows if at > after), time.monotonic()) for shows in wanted.values()]
        if meet:
            moments.append(next((at for at in self.society.meetings if at > after), time.monotonic()))
        took = max(0.0, max(moments) - began)
        self.recoveries.append((kind, took))
        self.tell(f"{kind} ({', '.join(str(b) for b in shards) or '-'}): recovered after {took:.1f} s")
