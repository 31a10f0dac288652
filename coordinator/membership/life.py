"""Which state of a bot follows from what is seen of it. Pure."""

from collections.abc import Iterable
from typing import NamedTuple, assert_never

from core.domain.fleet import BotState
from core.domain.ids import BotId

WARM_SECONDS = 3.0
"""A shard that took over a token has a rest before people come: the poller before it is gone by then."""

QUIET_SECONDS = 5.0
"""Nobody talks on a draining bot for so long before it retires: somebody may be between two clicks."""


class Sight(NamedTuple):
    """What is seen of one bot, each in seconds without a break, None = not so just now.

    `served`: a process holds its lease. `quiet`: nobody talks or waits there and nothing is
    undelivered.
    """

    served: float | None
    quiet: float | None


def next_state(state: BotState, sight: Sight) -> BotState:
    """The state that follows; the same one where nothing follows."""
    match state:
        case BotState.PENDING:
            return state if sight.served is None else BotState.WARMING
        case BotState.WARMING:
            if sight.served is None:
                return BotState.PENDING
            return BotState.ACTIVE if sight.served >= WARM_SECONDS else state
        case BotState.DRAINING:
            return BotState.RETIRED if sight.quiet is not None and sight.quiet >= QUIET_SECONDS else state
        case BotState.ACTIVE | BotState.RETIRED | BotState.QUARANTINED:
            return state
        case _:
            assert_never(state)


class Since:
    """For how long something has been so without a break, bot by bot."""

    def __init__(self) -> None:
        self._since: dict[BotId, float] = {}

    def note(self, bots: Iterable[BotId], now: float) -> None:
        """These, and no others, are so now."""
        self._since = {bot: self._since.get(bot, now) for bot in bots}

    def seconds(self, bot: BotId, now: float) -> float | None:
        """How long by now, or None where it was not so at the last look."""
        return now - self._since[bot] if bot in self._since else None
