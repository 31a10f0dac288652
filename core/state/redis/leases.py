"""Leases: one owner a name, fenced by an epoch.

The holder believes only its own monotonic clock: a lease counts from before the request that
took or renewed it, and `valid()` is false a margin before its end, so that the holder has
stopped polling and sending when another can take over. Redis' clock may jump; then two may
believe for a moment, and every write of the older is refused by its epoch. Where a replica may
take the master's place, a lease counts only once a replica has it: a master that was cut off from
its replicas keeps nobody's lease.

When Redis loses all it knows, or a replica with less takes over, nobody else has the lease, but
what its holder remembers is no longer true: `run` ends, `forgotten` says so, and the holder begins
anew with a newer epoch.
"""

import asyncio
from collections.abc import Awaitable, Callable

from core.domain.errors import LeaseTaken, RedisAway, SetBack, StaleEpoch
from core.domain.ids import BotId, Epoch
from core.service.clock import Clock
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import LEASE_RELEASE, LEASE_RENEW, LEASE_TAKE

TTL = 3.0
"""Seconds a lease runs."""

RENEW_EVERY = 1.0
MARGIN = 0.5
"""The holder stops this many seconds before its lease ends."""


class Lease:
    """One name's lease in this process: `take`, then `run` keeps it until it is lost."""

    def __init__(
        self,
        client: RedisClient,
        clock: Clock,
        *,
        name: str,
        lease_key: str,
        epoch_key: str,
        fences_key: str,
        holder: str,
    ) -> None:
        self._client = client
        self._clock = clock
        self.name = name
        self._keys = (lease_key, epoch_key)
        self._fences = fences_key
        self._holder = holder
        self._until = float("-inf")
        self._begun = asyncio.Event()
        self._history = client.history
        self.epoch = Epoch(0)

    @classmethod
    def of_shard(cls, client: RedisClient, clock: Clock, keys: Keys, bot: BotId, holder: str) -> "Lease":
        """The lease on a bot's token."""
        return cls(
            client,
            clock,
            name=f"bot {bot}",
            lease_key=keys.lease(bot),
            epoch_key=keys.epoch(bot),
            fences_key=keys.fences(bot),
            holder=holder,
        )

    @classmethod
    def of_leader(cls, client: RedisClient, clock: Clock, keys: Keys, holder: str) -> "Lease":
        """The lease of the leading coordinator."""
        return cls(
            client,
            clock,
            name="coordinator",
            lease_key=keys.match_lease,
            epoch_key=keys.match_epoch,
            fences_key=keys.match_fences,
            holder=holder,
        )

    def valid(self) -> bool:
        """Whether this process may still act as the owner."""
        return self._clock.monotonic() < self._until - MARGIN and self._history == self._client.history

    def left(self) -> float:
        """Seconds until this process has to stop acting; negative when it is over."""
        return self._until - MARGIN - self._clock.monotonic()

    async def until_valid(self) -> None:
        """Return when this process may act as the owner (again)."""
        while not self.valid():
            self._begun.clear()
            await self._begun.wait()

    def _counts_from(self, asked: float) -> None:
        self._until = asked + TTL
        self._begun.set()

    async def take(self, next_epoch: Callable[[Epoch], Awaitable[Epoch]]) -> None:
        """Take the lease with a new epoch, above what `next_epoch` is told. Raises LeaseTaken, RedisAway,
        StaleEpoch.
        """
        # Whoever owns something writes safely from here on. Asked first: a master that was cut off from its
        # replicas is found out by it, and the lease that it still knows of is nobody's.
        await self._client.open()
        held = await self._client.command("GET", self._keys[0])
        if held is not None and held.decode().partition(" ")[2] != self._holder:
            raise LeaseTaken(self.name, held.decode().partition(" ")[2], await self._runs_on())
        epoch = await next_epoch(await self._newest())
        asked = self._clock.monotonic()
        reply = await self._client.run(
            LEASE_TAKE, self._keys, (self._holder, epoch, round(TTL * 1000)), safe=True
        )
        if reply[0] == 0:
            raise LeaseTaken(self.name, reply[1].decode(), reply[2])
        if reply[0] == -1:
            raise StaleEpoch(self.name, epoch)
        self.epoch, self._history = epoch, self._client.history
        self._counts_from(asked)

    async def _runs_on(self) -> int:
        """How many milliseconds another's lease runs on: never longer than any lease, also where Redis' clock
        was put back since it was taken. A holder that lives renews it.
        """
        left = int(await self._client.command("PTTL", self._keys[0]))
        if left > TTL * 1000:
            left = round(TTL * 1000)
            await self._client.command("PEXPIRE", self._keys[0], left)
        return left

    async def renew(self) -> None:
        """Once more from now. Raises StaleEpoch when another has taken it or Redis forgot it, RedisAway."""
        asked = self._clock.monotonic()
        reply = await self._client.run(
            LEASE_RENEW,
            (*self._keys, self._fences),
            (self._holder, self.epoch, round(TTL * 1000)),
            safe=True,
        )
        if reply == -1:
            self._until = float("-inf")
            raise StaleEpoch(self.name, self.epoch)
        if self._history != self._client.history:
            raise SetBack(self.name, self.epoch)
        self._counts_from(asked)

    async def run(self) -> None:
        """Keep the lease; returns never, raises StaleEpoch once it belongs to another or was forgotten.

        While Redis is away the lease runs out and `valid` turns false; when Redis is back and nobody
        else took it, it is ours again with the same epoch.
        """
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                await self.renew()
            except RedisAway:
                continue

    async def forgotten(self) -> bool:
        """Whether a lease that was lost went to nobody else. Raises RedisAway."""
        return await self._newest() <= self.epoch

    async def _newest(self) -> Epoch:
        return Epoch(int(await self._client.command("GET", self._keys[1]) or 0))

    async def release(self) -> None:
        """Give it back, so that the next holder need not wait for its end."""
        self._until = float("-inf")
        await self._client.run(LEASE_RELEASE, self._keys, (self.epoch,))
