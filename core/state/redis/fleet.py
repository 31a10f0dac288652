"""What the processes tell each other about themselves: shards' reports, the coordinator's directory.

Both are hints that expire or are replaced every second; nothing depends on them for safety.
"""

from collections.abc import Sequence

import msgspec

from core.domain.ids import BotId, Epoch
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys

REPORT_TTL_MS = 10_000


class ShardReport(msgspec.Struct, frozen=True, kw_only=True):
    """One shard, as it sees itself. Rates are messages a second over the last ten seconds."""

    bot: BotId
    epoch: Epoch
    at: int
    host: str = ""
    pid: int = 0
    people: int = 0
    conversations: int = 0
    rate_in: float = 0.0
    rate_out: float = 0.0
    cap: float = 30.0
    backlog: int = 0
    backlog_age_s: float = 0.0
    too_many: int = 0
    repeats: int = 0
    bounced: int = 0
    memory_mib: float = 0.0
    file_url: str = ""


class DirectoryEntry(msgspec.Struct, frozen=True):
    """One bot of the network, as the leading coordinator sees it.

    `headroom` in messages a second; `open` says whether newcomers may stay there.
    """

    bot: BotId
    username: str
    state: str
    headroom: float
    open: bool


class Directory(msgspec.Struct, frozen=True):
    """All bots that serve; `waiting` people want a partner. `at` in ms since 1970."""

    at: int
    waiting: int
    bots: tuple[DirectoryEntry, ...] = ()

    def find(self, bot: BotId) -> DirectoryEntry | None:
        """The entry of one bot, or None where it does not serve."""
        return next((entry for entry in self.bots if entry.bot == bot), None)


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
        """The reports of those bots that are alive."""
        if not bots:
            return {}
        replies = await self._client.pipeline([("GET", self._keys.stats(bot)) for bot in bots])
        return {bot: _reports.decode(raw) for bot, raw in zip(bots, replies, strict=True) if raw}

    async def publish(self, directory: Directory) -> None:
        """Replace the directory (the leader, about once a second)."""
        await self._client.command("SET", self._keys.directory, msgspec.json.encode(directory))

    async def directory(self) -> Directory:
        """The newest directory; an empty one where no coordinator has been yet."""
        raw = await self._client.command("GET", self._keys.directory)
        return _directories.decode(raw) if raw else Directory(at=0, waiting=0)
