"""Which bot a person goes on with whose own is gone. Pure."""

from collections.abc import Collection, Iterable

from core.domain.assignment import weighted
from core.domain.fleet import BotState, Directory
from core.domain.ids import BotId, PersonId
from core.state.postgres.bots import BotRow

_RANKS = (
    (BotState.ACTIVE,),
    (BotState.WARMING, BotState.PENDING),
    (BotState.DRAINING,),
)


def target(
    person: PersonId, opened: Collection[BotId], rows: Iterable[BotRow], directory: Directory
) -> BotId:
    """One of the bots that the person has opened: with room, else any that serves; 0 where there is none."""
    known = {row.id: row.state for row in rows if row.id in opened and row.state.serves}
    open_ones = [entry for entry in directory.bots if entry.bot in known and entry.open]
    best = weighted(open_ones, person)
    if best is not None:
        return best
    for rank in _RANKS:
        serving = sorted(bot for bot, state in known.items() if state in rank)
        if serving:
            return serving[person % len(serving)]
    return BotId(0)
