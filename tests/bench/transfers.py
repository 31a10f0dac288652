"""Texts of other chats while big files cross on the same two shards, and what a transfer takes.

In turn without and with the files: so many of so many megabytes at once, half of them each way.
A bare echo bot answers all the while: what the machine and the simulated Telegram, which is busy
with the same bytes, add to a text, they add to the echo's too.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from core.domain.conversation import Thread
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from tests.bench import proc
from tests.bench.baselines.running import baseline, echoing
from tests.bench.load import Crowd
from tests.bench.report import Progress
from tests.harness.crossing.stage import Side
from tests.harness.network import Network
from tests.harness.waiting import until

AT_ONCE = 20
RATE = 10.0
"""Texts a second and bot."""

PEOPLE = 40
"""Of each bot, who write the texts."""

LONGEST = 120.0
LOOK = 0.1
"""Seconds between two looks at the memory."""


@dataclass(slots=True)
class Measured:
    """Milliseconds that texts and echoes took, quiet and while files crossed; and what that took."""

    quiet: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    echo_quiet: list[float] = field(default_factory=list)
    echo_busy: list[float] = field(default_factory=list)
    grown_mib: float = 0.0
    """By how much the larger of the shards grew while files crossed."""

    turns: float = 0.0
    long_turns: float = 0.0
    """Turns of the shards' loops that were timed while files crossed, and those of more than 10 ms CPU."""

    seconds: list[float] = field(default_factory=list)
    """How long all files together took, each time."""

    map_bytes: float = 0.0
    map_redis_bytes: float = 0.0
    """Of the texts' message map, for a message: its records, and all that Redis takes for them."""


class Transfers:
    """The people of the measurement; made once, measured as often as wanted."""

    def __init__(self, network: Network, size: int) -> None:
        self._network = network
        self.size = size
        world = network.simulator.world
        self._bots = list(world.bots.values())[:2]
        self._texts = Crowd(network.simulator)
        ring = self._texts.ring(PEOPLE, self._bots)
        carriers = self._texts.couples([(self._bots[n % 2], self._bots[1 - n % 2]) for n in range(AT_ONCE)])
        self._texts.leave_out(carriers)
        self._couples = [*ring, *carriers]
        self._sides = [(Side(world, a.person, a.bot), Side(world, b.person, b.bot)) for a, b in carriers]
        self.measured = Measured()

    async def run(self, rounds: int, seconds: float, progress: Progress) -> Measured:
        """Quiet for `seconds`, then with the files until they have crossed, so many times."""
        simulator = self._network.simulator
        await self._texts.seat(self._network.settings, self._couples)
        echo_bot = simulator.world.create_bot()
        echo = echoing(simulator, echo_bot, PEOPLE)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(baseline("echo", simulator.url, echo_bot.token))
            crowds = [(self._texts, [int(bot.id) for bot in self._bots]), (echo, [int(echo_bot.id)])]
            await self._write(crowds, 1.5)
            for number in range(rounds):
                progress(f"round {number + 1} of {rounds}: texts alone")
                quiet = await self._write(crowds, seconds)
                progress(
                    f"round {number + 1} of {rounds}: with {len(self._sides)} files of {self.size:,} bytes"
                )
                busy = await self._carry(crowds)
                self.measured.quiet += quiet[0]
                self.measured.echo_quiet += quiet[1]
                self.measured.busy += busy[0]
                self.measured.echo_busy += busy[1]
        await self._weigh_map()
        return self.measured

    async def _weigh_map(self) -> None:
        keys = Keys(self._network.settings.key_prefix)
        async with RedisClient(self._network.settings.redis_url or "") as client:
            records = redis = 0
            for talker, _ in self._couples:
                key = keys.thread(Thread(talker.conversation))
                records += await client.command("STRLEN", key)
                redis += await client.command("MEMORY", "USAGE", key) or 0
        messages = self._texts.shown + AT_ONCE * len(self.measured.seconds)
        self.measured.map_bytes, self.measured.map_redis_bytes = records / messages, redis / messages

    async def _write(self, crowds: list[tuple[Crowd, list[int]]], seconds: float) -> list[list[float]]:
        begin = time.monotonic()
        await asyncio.gather(*(crowd.write(dict.fromkeys(bots, RATE), seconds) for crowd, bots in crowds))
        end = time.monotonic()
        await asyncio.gather(*(crowd.settled(30) for crowd, _ in crowds))
        return [crowd.waits_ms(begin, end) for crowd, _ in crowds]

    async def _carry(self, crowds: list[tuple[Crowd, list[int]]]) -> list[list[float]]:
        """Texts as long as the files take."""
        pids = proc.shards(self._network)
        before = [proc.private_mib(pid) for pid in pids]
        turns, short_turns = await self._turns()
        begin = time.monotonic()
        counts = [len(reader.shown()) for _, reader in self._sides]
        for writer, _ in self._sides:
            writer.attach(writer.file("document", self.size))
        writing = [
            asyncio.create_task(crowd.write(dict.fromkeys(bots, RATE), LONGEST)) for crowd, bots in crowds
        ]
        looking = asyncio.create_task(self._look(pids, before))

        def crossed() -> bool:
            return all(
                len(reader.shown()) > was for (_, reader), was in zip(self._sides, counts, strict=True)
            )

        try:
            await until(crossed, LONGEST, "the files to cross")
        finally:
            end = time.monotonic()
            for task in (*writing, looking):
                task.cancel()
            await asyncio.gather(*writing, looking, return_exceptions=True)
        await asyncio.gather(*(crowd.settled(30) for crowd, _ in crowds))
        self.measured.seconds.append(end - begin)
        turns_then, short_turns_then = await self._turns()
        self.measured.turns += turns_then - turns
        self.measured.long_turns += turns_then - turns - (short_turns_then - short_turns)
        return [crowd.waits_ms(begin, end) for crowd, _ in crowds]

    async def _turns(self) -> tuple[float, float]:
        """How many turns of their loops the shards have timed so far, and how many were short."""
        names = [f"shard:{bot.id}" for bot in self._bots]
        counts = [await self._network.figure(name, "duologue_loop_turn_seconds_count") for name in names]
        short = [
            await self._network.figure(name, 'duologue_loop_turn_seconds_bucket{le="0.01"}') for name in names
        ]
        return sum(counts), sum(short)

    async def _look(self, pids: list[int], before: list[float]) -> None:
        while True:
            # The kernel takes its time for that, and the simulated Telegram is in this process.
            now = [await asyncio.to_thread(proc.private_mib, pid) for pid in pids]
            grown = max(mib - was for mib, was in zip(now, before, strict=True))
            self.measured.grown_mib = max(self.measured.grown_mib, grown)
            await asyncio.sleep(LOOK)
