"""How long to let updates gather before they are polled for. Pure; the time is handed in.

Each poll, append and wake-up costs the same for one update as for ten. While updates come slowly each
is fetched at once. When they come nearly as fast as the token may send, messages wait for their
slot anyway: then the updates of a moment share what one would cost.

Pressure is what a bucket holds: each update goes in, and it leaks at a share of the cap. People who know
nothing of each other write in bursts: at 0.7 of a cap of 30 they fill it for one or two messages in a
thousand, and at the cap it is full after some three seconds; a mean that is as sure takes thrice as long.
"""

from dataclasses import dataclass

SECONDS = 0.2
"""How long updates gather under pressure."""

FROM = 0.85
"""Share of the token's cap that leaks away: what comes faster is pressure."""

FULL = 0.55
"""Seconds of the cap from which the bucket counts as full; it holds twice as much, so that pressure lasts."""


@dataclass(slots=True)
class Gathering:
    """`cap` in messages a second."""

    cap: float
    _held: float = 0.0
    _at: float = float("-inf")

    def pause(self, count: int, now: float) -> float:
        """So many updates were fetched now; the seconds to wait, from now, before the next poll."""
        full = FULL * self.cap
        left = max(0.0, self._held - FROM * self.cap * (now - self._at))
        self._held, self._at = min(2 * full, left + count), now
        return SECONDS if self._held >= full else 0.0
