"""Which bot a person is sent to.

Homes are sticky: a person stays where they are while that bot takes newcomers, and nobody is
ever moved by a calculation; only a tap on a deep link moves a person. Where the own bot is
full, the choice is weighted by headroom: a bot with twice the headroom gets twice the people.

Rendezvous hashing makes the choice a function of the person (the seed) and the bots: the same
person gets the same answer while headrooms stay alike, and a bot that joins or leaves changes
the answer only for those who go to it or came from it.
"""

import hashlib
import math
from collections.abc import Iterable

from core.domain.fleet import BotState, DirectoryEntry
from core.domain.ids import BotId

_STARTING = (BotState.PENDING, BotState.WARMING, BotState.QUARANTINED)
"""Such a bot sends nobody away who came by themselves, though nobody is sent to it yet. Who is asked there
while it is still called quarantined has its new token a moment longer than the directory knows."""


def choose(bots: Iterable[DirectoryEntry], own: BotId, seed: int) -> BotId:
    """The bot where a newcomer of `own` should go; `own` itself means: stay.

    `seed` is the person's id. With no other open bot, or where nothing is known about `own`
    but that it serves (it is in no directory yet), the answer is to stay.
    """
    known = False
    others: list[DirectoryEntry] = []
    for entry in bots:
        if entry.bot == own:
            if entry.open or entry.state in _STARTING:
                return own
            known = True
        elif entry.open:
            others.append(entry)
    best = weighted(others, seed) if known else None
    return own if best is None else best


def weighted(bots: Iterable[DirectoryEntry], seed: int) -> BotId | None:
    """One of these bots, each as likely as its headroom is large; None where none has any."""
    best, best_score = None, -math.inf
    for entry in bots:
        if entry.headroom > 0:
            score = math.log(_draw(seed, entry.bot)) / entry.headroom
            if best is None or score > best_score:
                best, best_score = entry.bot, score
    return best


def _draw(seed: int, bot: BotId) -> float:
    """A number in (0, 1) that is always the same for one person and one bot."""
    digest = hashlib.blake2b(f"{seed}:{bot}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64
