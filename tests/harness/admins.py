"""Admins who shut people out of a society and let them in again, one on every bot, without end."""

import asyncio
import random

from simulator.app import Simulator
from simulator.world.identity import Identity
from tests.harness.pairs import Member, Pairs
from tests.harness.society import Society
from tests.harness.waiting import until

PATIENCE = 60.0
"""Seconds in which an admin has to be answered, whoever dies meanwhile."""


def ids(seed: str, bots: int) -> tuple[int, ...]:
    """Who the admins are to be in a world of that seed: the first people in it."""
    identity = Identity(seed)
    return tuple(identity.person(number) for number in range(1, bots + 1))


class Admins:
    """To be made before there is anybody else in the world. `bans` is how many were carried through."""

    def __init__(self, simulator: Simulator, seed: int) -> None:
        self._pairs = Pairs(simulator)
        self._chance = random.Random(seed)
        self._over = False
        self.bans = 0
        for bot in simulator.world.bots.values():
            self._pairs.attend(simulator.world.people.create(), bot)

    async def rule(self, society: Society) -> None:
        """Until `rest`. Raises AssertionError where one is not answered."""
        await self._pairs.join(self._pairs.members)
        await asyncio.gather(*(self._one(admin, society) for admin in self._pairs.members))

    def rest(self) -> None:
        """Nobody is shut out any more; `rule` ends when all are in again."""
        self._over = True

    async def _one(self, admin: Member, society: Society) -> None:
        while not self._over:
            person = self._chance.choice(society.citizens).person.id
            await self._ask(admin, f"/ban {person} 1 chaos", f"{person} is shut out")
            await self._ask(admin, f"/unban {person}", f"{person} may come in again")
            self.bans += 1

    async def _ask(self, admin: Member, words: str, answer: str) -> None:
        admin.words.clear()
        self._pairs.say(admin, words)
        await until(lambda: admin.told(answer), PATIENCE, f"an answer to {words!r}")
