"""The network's figures from the directory and the reports. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from core.domain.fleet import BotState, Directory, ShardReport
from core.domain.ids import BotId


class Capacity(NamedTuple):
    """Messages a second: what living bots may send, what newcomers can still be given; `share` is 0..1."""

    cap: float
    headroom: float
    share: float


def measure(directory: Directory, reports: Mapping[BotId, ShardReport]) -> Capacity:
    """Only open bots have headroom for newcomers; every living one has a cap, but for what has retired."""
    alive = [
        (entry, reports[entry.bot])
        for entry in directory.bots
        if entry.bot in reports and entry.state is not BotState.RETIRED
    ]
    cap = sum(report.cap for _, report in alive)
    used = sum(report.rate_out for _, report in alive)
    room = sum(max(0.0, entry.headroom) for entry, _ in alive if entry.open)
    return Capacity(cap, room, used / cap if cap > 0 else 0.0)
