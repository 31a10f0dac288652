"""How long to let updates gather before they are polled for. Pure; the time is handed in.

Each poll, append and wake-up costs the same for one update as for ten. While updates come slowly each
is fetched at once. When they come nearly as fast as the token may send, messages wait for their
slot anyway: then the updates of a moment share what one would cost.
"""

import math
from dataclasses import dataclass

SECONDS = 0.2
"""How long updates gather under pressure."""

FROM = 0.9
"""Share of the token's cap from which updates gather."""

MEMORY = 5.0
"""Seconds over which the pace of updates is a mean, the newest counting most.

People who know nothing of each other write in bursts: at 0.7 of a cap of 30 a mean over 2 s passes 0.85 of
it one time in thirty, and those messages would wait for nothing; one over 5 s passes 0.9 one time in ten
thousand.
"""


@dataclass(slots=True)
class Gathering:
    """`cap` in messages a second."""

    cap: float
    _rate: float = 0.0
    _at: float = float("-inf")

    def pause(self, count: int, now: float) -> float:
        """So many updates were fetched now; the seconds to wait, from now, before the next poll."""
        self._rate = self._rate * math.exp((self._at - now) / MEMORY) + count / MEMORY
        self._at = now
        return SECONDS if self._rate >= FROM * self.cap else 0.0
