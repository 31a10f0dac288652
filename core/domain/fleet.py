"""The network's bots as records: what a shard reports, what the coordinator publishes, what people are shown.

Reports and the directory are hints that expire or are replaced every second; nothing depends
on them for safety. Rates are messages a second, times `at` are milliseconds since 1970.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from core.domain.ids import BotId, Epoch


class BotState(StrEnum):
    """Where a bot is in its life; the table `bots` holds it, coordinator.membership moves it."""

    PENDING = "pending"
    """Known, but nobody serves it yet."""
    WARMING = "warming"
    """Its shard holds the lease since a moment; takes nobody yet."""
    ACTIVE = "active"
    """Serves, and takes newcomers while it has headroom."""
    DRAINING = "draining"
    """Serves those it has until their conversations end; takes no newcomers."""
    RETIRED = "retired"
    """Nobody talks there any more; its shard may stop."""
    QUARANTINED = "quarantined"
    """Telegram refuses its token (revoked), or somebody else polls with it."""

    @property
    def serves(self) -> bool:
        """Whether a shard should run for it."""
        return self not in (BotState.RETIRED, BotState.QUARANTINED)


class ShardReport(msgspec.Struct, frozen=True, kw_only=True):
    """One shard, as it sees itself. Rates over the last ten seconds.

    `casts`: it knows what a broadcast is; a shard of a version before would put it aside.
    """

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
    casts: bool = False


class DirectoryEntry(msgspec.Struct, frozen=True):
    """One bot of the network, as the leading coordinator sees it.

    `headroom` in messages a second, negative when the bot is over its target; `open` says
    whether newcomers may stay there; `waiting` of its people want a partner.
    """

    bot: BotId
    username: str
    state: BotState
    headroom: float
    open: bool
    waiting: int = 0


class Directory(msgspec.Struct, frozen=True):
    """All bots of the network; `waiting` people want a partner."""

    at: int
    waiting: int
    bots: tuple[DirectoryEntry, ...] = ()

    def find(self, bot: BotId) -> DirectoryEntry | None:
        """The entry of one bot, or None where it is not in the network."""
        return next((entry for entry in self.bots if entry.bot == bot), None)


class _Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a bot and of all together: rates, `share` of the cap in use (0..1), seconds, MiB.

    `people` were active lately, `waiting` want a partner.
    """

    people: int = 0
    conversations: int = 0
    waiting: int = 0
    rate_in: float = 0.0
    rate_out: float = 0.0
    cap: float = 0.0
    share: float = 0.0
    headroom: float = 0.0
    backlog: int = 0
    backlog_age_s: float = 0.0
    too_many: int = 0
    memory_mib: float = 0.0


class BotStats(_Figures, frozen=True, kw_only=True):
    """One row of the network's figures. `conversations` is how many of this bot's people are in one.

    `alive` is a bot that a process serves; one that has just begun has no figures yet.
    """

    bot: BotId
    username: str
    state: BotState
    alive: bool
    open: bool = False


class Totals(_Figures, frozen=True, kw_only=True):
    """The rows added up; `share` is of all living caps together, `backlog_age_s` the oldest.

    `conversations` counts each once, also those across two bots.
    """

    bots: int = 0
    alive: int = 0


class NetworkStats(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one moment. `directory_at` = 0 means that no coordinator has led yet."""

    at: int
    directory_at: int
    bots: tuple[BotStats, ...] = ()
    total: Totals = Totals()


class Backlog(NamedTuple):
    """What lies in an inbox: entries, and the age of the oldest in seconds (0 = none)."""

    entries: int
    age_s: float


class Sighting(NamedTuple):
    """What Redis tells of one bot: whether a process serves it, what that said last, who talks there."""

    served: bool
    report: ShardReport | None
    chatting: int
    backlog: Backlog


def network_stats(
    directory: Directory, sightings: Mapping[BotId, Sighting], waiting: int, now_ms: int
) -> NetworkStats:
    """The directory's bots with what is seen of each."""
    rows = tuple(_row(entry, sightings[entry.bot]) for entry in directory.bots)
    return NetworkStats(at=now_ms, directory_at=directory.at, bots=rows, total=_totals(rows, waiting))


def _row(entry: DirectoryEntry, seen: Sighting) -> BotStats:
    row = BotStats(
        bot=entry.bot,
        username=entry.username,
        state=entry.state,
        alive=seen.served,
        open=entry.open and seen.served,
        conversations=seen.chatting,
        waiting=entry.waiting,
        headroom=entry.headroom,
        backlog=seen.backlog.entries,
        backlog_age_s=seen.backlog.age_s,
    )
    report = seen.report
    if report is None or not seen.served:
        return row
    return msgspec.structs.replace(
        row,
        people=report.people,
        rate_in=report.rate_in,
        rate_out=report.rate_out,
        cap=report.cap,
        share=_share(report.rate_out, report.cap),
        too_many=report.too_many,
        memory_mib=report.memory_mib,
    )


def _totals(rows: Iterable[BotStats], waiting: int) -> Totals:
    known = list(rows)
    alive = [row for row in known if row.alive]
    # What has retired sends for nobody, though its process may still run.
    working = [row for row in alive if row.state is not BotState.RETIRED]
    cap = sum(row.cap for row in working)
    return Totals(
        bots=len(known),
        alive=len(alive),
        people=sum(row.people for row in alive),
        conversations=sum(row.conversations for row in known) // 2,
        waiting=waiting,
        rate_in=sum(row.rate_in for row in alive),
        rate_out=sum(row.rate_out for row in alive),
        cap=cap,
        share=_share(sum(row.rate_out for row in working), cap),
        headroom=sum(max(0.0, row.headroom) for row in alive if row.open),
        backlog=sum(row.backlog for row in known),
        backlog_age_s=max((row.backlog_age_s for row in known), default=0.0),
        too_many=sum(row.too_many for row in alive),
        memory_mib=sum(row.memory_mib for row in alive),
    )


def _share(rate: float, cap: float) -> float:
    return rate / cap if cap > 0 else 0.0
