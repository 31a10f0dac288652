"""Processes that die at named places of the code, again and again, until each place had its deaths.

Every process of the network is started with one place armed (core/service/failpoints.py); when it
has died there, the next one under its name gets the place that had the fewest deaths so far.
"""

import asyncio
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.harness.ledger import End
from tests.harness.network import Network
from tests.harness.toll import Toll

OF_SHARD = (
    *("after_poll", "after_append", "before_confirm", "after_read", "after_send", "before_acknowledge"),
    *("mid_end", "mid_carry", "mid_ban"),
)
OF_COORDINATOR = ("mid_match",)
PLACES = OF_SHARD + OF_COORDINATOR
"""What people who chat, leave and search make processes come by, and admins who shut them out (`mid_ban`).

`mid_move` needs bots that are gone: `python -m tests.scenarios.moves`.
"""

MOST_PASSES = 6
"""A process dies at the latest when it comes by its place so often."""


@dataclass(slots=True, kw_only=True)
class Mines(Toll):
    """`deaths` by place. A recovery is from a death until the next process of that name shows something."""

    network: Network
    seed: int
    wanted: int = 1
    places: tuple[str, ...] = ()
    deaths: Counter[str] = field(default_factory=Counter)
    _armed: dict[str, str] = field(default_factory=dict)
    _since: dict[str, tuple[str, float]] = field(default_factory=dict)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    async def rage(self, seconds: float) -> None:
        """Until each place had so many deaths, or for so long."""
        end = time.monotonic() + seconds
        for name in list(self.network.processes):
            life = self.network.lives[name]
            self.network.kill(name)
            self.ends[life] = End(time.monotonic())
            self._arm(name)
        while self._open() and time.monotonic() < end:
            await asyncio.sleep(0.05)
        # Those that are still armed die once more.
        self.wanted = 0

    async def ward(self) -> None:
        """Start again what has died, until cancelled; it is armed as long as deaths are still wanted."""
        while True:
            await asyncio.sleep(0.02)
            self._look()

    def _open(self) -> list[str]:
        return [place for place in self.places if self.deaths[place] < self.wanted]

    def _look(self) -> None:
        for name, code in self.network.ended().items():
            life = self.network.lives[name]
            self.network.kill(name)
            self.ends[life] = End(time.monotonic())
            if code == -signal.SIGKILL:
                self.kills += 1
                self.deaths[self._armed[name]] += 1
            else:
                self.unexpected.append(self.network.last_words(name, code))
            self._arm(name)
        self._note_recoveries()

    def _arm(self, name: str) -> None:
        """Start the next process of that name, with the place that is most behind."""
        kinds = OF_SHARD if name.startswith("shard") else OF_COORDINATOR
        behind = [place for place in self._open() if place in kinds]
        armed: tuple[tuple[str, int], ...] = ()
        if behind:
            on_others = Counter(self._armed.values())
            fewest = min(self.deaths[place] + on_others[place] for place in behind)
            place = self._chance.choice([p for p in behind if self.deaths[p] + on_others[p] == fewest])
            self._armed[name] = place
            armed = ((place, self._chance.randint(1, MOST_PASSES)),)
        else:
            self._armed.pop(name, None)
        self.network.start_again(name, failpoints=armed)
        self._since[self.network.lives[name]] = (name, time.monotonic())

    def _note_recoveries(self) -> None:
        for life, (name, began) in list(self._since.items()):
            first = self.society.first_shown.get(life)
            if first is not None:
                self.recoveries.append((name, first - began))
            if first is not None or self.network.lives[name] != life:
                del self._since[life]
