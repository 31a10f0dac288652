"""Leases and appends against a model: processes that freeze, clocks that lie, a server that forgets leases.

Whatever happens, a process whose epoch is not the newest changes nothing any more; as long as the server's
clock is honest, no two processes believe at once; what a source appends stands in a stream once, in order.
"""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from core.domain.errors import LeaseTaken, StaleEpoch
from core.domain.ids import BotId, EntryId, Epoch
from core.service.clock import SystemClock
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.leases import TTL, Lease
from core.state.redis.streams import START, Append, Inbox, Source, Streams
from tests.harness.models import play

BOT, OTHER = BotId(11), BotId(22)
PROCESSES = 3
NOW = 1_700_000_000_000
processes = st.integers(0, PROCESSES - 1)


class HandClock(SystemClock):
    """A process' own clock."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


class Machine(RuleBasedStateMachine):
    """One bot, some processes that want it; `url` is set by the test."""

    url = ""
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        Machine.runs += 1
        keys = Keys(f"lease{Machine.runs}:")
        self.loop = asyncio.Runner()
        self.client = RedisClient(self.url, "fast", connections=2)
        self.lease_key = keys.lease(BOT)
        self.clocks = [HandClock() for _ in range(PROCESSES)]
        self.leases = [
            Lease.of_shard(self.client, clock, keys, BOT, f"process {number}")
            for number, clock in enumerate(self.clocks)
        ]
        self.streams = Streams(self.client, keys)
        self.inbox = Inbox(self.client, keys, OTHER)
        self.own = Inbox(self.client, keys, BOT)
        self.epochs = 0
        self.newest = 0
        self.holder: int | None = None
        self.ends = 0.0
        self.true_time = 1_000.0
        self.honest = True
        self.appended: list[str] = []
        self.update = 0
        self.fenced = 0
        """The newest epoch that has appended."""

    def teardown(self) -> None:
        self.loop.run(self.client.__aexit__())
        self.loop.close()

    async def _next_epoch(self, seen: Epoch | None = None) -> Epoch:
        assert (seen or 0) <= self.epochs
        self.epochs += 1
        return Epoch(self.epochs)

    def _holds(self) -> bool:
        return self.holder is not None

    @rule(who=processes)
    def take(self, who: int) -> None:
        try:
            self.loop.run(self.leases[who].take(self._next_epoch))
        except LeaseTaken as taken:
            by = taken.holder
        else:
            by = ""
        if by:
            assert self.holder not in (None, who)
            assert by == f"process {self.holder}"
            return
        assert self.holder in (None, who), "taken while another held it"
        self._has(who, self.epochs)

    @rule(who=processes, faster=processes)
    def two_take_at_once(self, who: int, faster: int) -> None:
        """Both saw that nobody held it; one was quicker, with the epoch after."""
        if who == faster or self.holder is not None:
            return

        async def meanwhile(_: Epoch) -> Epoch:
            epoch = await self._next_epoch()
            await self.leases[faster].take(self._next_epoch)
            return epoch

        try:
            self.loop.run(self.leases[who].take(meanwhile))
        except LeaseTaken:
            self._has(faster, self.epochs)
            return
        raise AssertionError("taken while another held it")

    @rule(who=processes)
    def take_with_an_old_epoch(self, who: int) -> None:
        """PostgreSQL answered late: another was faster."""
        if self.holder not in (None, who) or not self.newest:
            return

        async def late(_: Epoch) -> Epoch:
            return Epoch(self.newest)

        try:
            self.loop.run(self.leases[who].take(late))
        except StaleEpoch:
            return
        raise AssertionError("an epoch was given twice")

    @rule(who=processes)
    def renew(self, who: int) -> None:
        lease = self.leases[who]
        if not lease.epoch:
            return
        try:
            self.loop.run(lease.renew())
        except StaleEpoch:
            assert lease.epoch != self.newest
            assert not lease.valid()
            return
        assert lease.epoch == self.newest
        self._has(who, lease.epoch)

    def _has(self, who: int, epoch: int) -> None:
        self.holder, self.newest, self.ends = who, epoch, self.true_time + TTL
        assert self.leases[who].valid()
        # Time passes as the model says, not as it does for the server.
        self.loop.run(self.client.command("PERSIST", self.lease_key))

    @rule(who=processes)
    def release(self, who: int) -> None:
        lease = self.leases[who]
        if lease.epoch:
            self.loop.run(lease.release())
            assert not lease.valid()
            if lease.epoch == self.newest:
                self.holder = None

    @rule(seconds=st.sampled_from([0.4, 1.0, 2.4, 3.0]))
    def pass_time(self, seconds: float) -> None:
        """Time goes by for everybody, whether a process runs or is stopped: its clock counts on."""
        self.true_time += seconds
        for clock in self.clocks:
            clock.now += seconds
        if self.holder is not None and self.true_time >= self.ends:
            self._forget()

    @precondition(lambda self: self._holds())
    @rule()
    def the_server_forgets(self) -> None:
        """Its clock jumped, or it lost what it had not written down: the lease is over before its time."""
        self.honest = False
        self._forget()

    def _forget(self) -> None:
        self.loop.run(self.client.command("DEL", self.lease_key))
        self.holder = None

    @rule(who=processes, repeat=st.booleans(), several=st.integers(1, 3))
    def append(self, who: int, repeat: bool, several: int) -> None:
        lease = self.leases[who]
        if not lease.epoch:
            return
        if not repeat or not self.appended:
            self.update += 1
        members = [f"{self.update}:{part}" for part in range(several)]
        wanted = [Append(OTHER, member, member.encode()) for member in members]
        try:
            new = self.loop.run(self.streams.append(Source(str(BOT), lease.epoch), wanted, NOW, safe=False))
        except StaleEpoch:
            assert lease.epoch < self.fenced, "refused though nobody newer has written"
            return
        assert lease.epoch >= self.fenced, "an older owner has written"
        self.fenced = int(lease.epoch)
        missing = [member for member in members if member not in self.appended]
        assert new == len(missing)
        self.appended += missing

    @rule(who=processes, count=st.integers(0, 3))
    def settle(self, who: int, count: int) -> None:
        """What a process of the bot does to its own stream goes by the lease's epoch alone."""
        lease = self.leases[who]
        if not lease.epoch:
            return
        started = [EntryId(f"{at}-1") for at in range(1, count + 1)]
        try:
            self.loop.run(self.own.settle(lease.epoch, [], started))
        except StaleEpoch:
            assert lease.epoch != self.newest
            return
        assert lease.epoch == self.newest

    @invariant()
    def one_owner(self) -> None:
        believers = [lease for lease in self.leases if lease.valid()]
        if self.honest:
            assert len(believers) <= 1
        assert sum(lease.epoch == self.newest for lease in believers) <= 1

    @invariant()
    def once_and_in_order(self) -> None:
        entries = self.loop.run(self.inbox.read(START, 1_000, block_ms=1)) if self.appended else []
        assert [entry.payload.decode() for entry in entries] == self.appended


def test_leases_fence_and_appends_stand_once(hasty_url: str) -> None:
    Machine.url = hasty_url
    play(Machine, 50)
