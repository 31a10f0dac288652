"""The network's figures as a table that fits a phone, for admins."""

from core.domain.fleet import BotStats, NetworkStats, Totals
from core.service.clock import Clock
from core.state.redis.fleet import Fleet

_HEAD = ("bot", "state", "ppl", "chat", "wait", "in/s", "out/s", "cap", "back", "age", "429", "MiB")
_LEFT = 2
"""Columns of words, to the left; those of numbers stand to the right."""


class Overview:
    """`table` as of now."""

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet = fleet
        self._clock = clock

    async def table(self) -> str:
        """A row a shard and the totals. Raises RedisAway."""
        return as_table(await self._fleet.network(round(self._clock.wall() * 1000)))


def as_table(stats: NetworkStats) -> str:
    """Columns padded with spaces, numbers to the right."""
    rows: list[tuple[str, ...]] = [_HEAD]
    rows += [
        (f"@{row.username}", row.state.value if row.alive else "away", *_figures(row)) for row in stats.bots
    ]
    rows.append((f"all {stats.total.bots}", f"{stats.total.alive} alive", *_figures(stats.total)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    return "\n".join(
        " ".join(
            cell.ljust(width) if at < _LEFT else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _figures(row: BotStats | Totals) -> tuple[str, ...]:
    return (
        *(str(row.people), str(row.conversations), str(row.waiting)),
        *(f"{row.rate_in:.1f}", f"{row.rate_out:.1f}", f"{row.share:.0%}"),
        *(str(row.backlog), f"{row.backlog_age_s:.0f}s", str(row.too_many), f"{row.memory_mib:.0f}"),
    )
