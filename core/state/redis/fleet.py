"""What the processes tell each other about themselves: shards' reports, the coordinator's directory.

Both are hints that expire or are replaced every second; nothing depends on them for safety.
The records themselves are in core.domain.fleet. `network` needs Redis alone, so it works while
PostgreSQL or the coordinator is away.
"""

from collections.abc import Sequence

import msgspec

from core.domain.errors import StaleEpoch
from core.domain.fleet import (
    Backlog,
    BotState,
    BotStats,
    Directory,
    DirectoryEntry,
    NetworkStats,
    ShardReport,
    Sighting,
    Totals,
    network_stats,
)
from core.domain.ids import BotId, Epoch
from core.state.redis.client import Command, RedisClient
from core.state.redis.keys import Keys
from core.state.redis.scripts import PUBLISH
from core.state.redis.streams import REFUSED

__all__ = [
    "BotState",
    "BotStats",
    "Directory",
    "DirectoryEntry",
    "Fleet",
    "NetworkStats",
    "ShardReport",
    "Totals",
]

REPORT_TTL_MS = 10_000

_reports = msgspec.json.Decoder(ShardReport)
_directories = msgspec.json.Decoder(Directory)


class Fleet:
    """Reports and directory in Redis."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def report(self, report: ShardReport) -> None:
        """Say how this shard is; forgotten after ten seconds."""
        await self._client.command(
            "SET", self._keys.stats(report.bot), msgspec.json.encode(report), "PX", REPORT_TTL_MS
        )

    async def reports(self, bots: Sequence[BotId]) -> dict[BotId, ShardReport]:
        """The reports of those bots whose shards said something in the last ten seconds."""
        if not bots:
            return {}
        replies = await self._client.pipeline([("GET", self._keys.stats(bot)) for bot in bots])
        return {bot: _reports.decode(raw) for bot, raw in zip(bots, replies, strict=True) if raw}

    async def served(self, bots: Sequence[BotId]) -> set[BotId]:
        """Which of those bots a process holds the lease of."""
        if not bots:
            return set()
        replies = await self._client.pipeline([("EXISTS", self._keys.lease(bot)) for bot in bots])
        return {bot for bot, reply in zip(bots, replies, strict=True) if reply == 1}

    async def chatting(self) -> dict[BotId, int]:
        """How many people of each bot are in a conversation; exact, the scripts count them."""
        reply = await self._client.command("HGETALL", self._keys.chatting)
        return {BotId(int(bot)): int(count) for bot, count in zip(reply[::2], reply[1::2], strict=True)}

    async def backlogs(self, bots: Sequence[BotId], now_ms: int) -> dict[BotId, Backlog]:
        """What lies in the inboxes of those bots, alive or not."""
        if not bots:
            return {}
        commands: list[Command] = []
        for bot in bots:
            inbox = self._keys.inbox(bot)
            commands += [("XLEN", inbox), ("XRANGE", inbox, "-", "+", "COUNT", 1)]
        replies = await self._client.pipeline(commands)
        return {
            bot: Backlog(length, _age_s(oldest, now_ms))
            for bot, length, oldest in zip(bots, replies[::2], replies[1::2], strict=True)
        }

    async def publish(self, epoch: Epoch, directory: Directory) -> None:
        """Replace the directory (the leader, about once a second). Raises StaleEpoch, RedisAway."""
        keys = (self._keys.directory, self._keys.match_epoch, self._keys.match_fences)
        if await self._client.run(PUBLISH, keys, (epoch, msgspec.json.encode(directory))) == -1:
            raise StaleEpoch("coordinator", epoch)

    async def refused(self) -> int:
        """How many writes of conversations, tickets and directories came from processes that were no longer
        the owner, and were refused. Raises RedisAway.
        """
        return int(await self._client.command("HGET", self._keys.match_fences, REFUSED) or 0)

    async def directory(self) -> Directory:
        """The newest directory; an empty one where no coordinator has been yet."""
        raw = await self._client.command("GET", self._keys.directory)
        return _directories.decode(raw) if raw else Directory(at=0, waiting=0)

    async def network(self, now_ms: int) -> NetworkStats:
        """The figures of the whole network as of now. Raises RedisAway."""
        directory = await self.directory()
        bots = [entry.bot for entry in directory.bots]
        reports, served = await self.reports(bots), await self.served(bots)
        chatting, backlogs = await self.chatting(), await self.backlogs(bots, now_ms)
        waiting = int(await self._client.command("XLEN", self._keys.tickets))
        sightings = {
            bot: Sighting(bot in served, reports.get(bot), max(0, chatting.get(bot, 0)), backlogs[bot])
            for bot in bots
        }
        return network_stats(directory, sightings, waiting, now_ms)


def _age_s(oldest: Sequence[Sequence[bytes]], now_ms: int) -> float:
    return max(0.0, (now_ms - int(oldest[0][0].split(b"-")[0])) / 1000) if oldest else 0.0
