"""What a token can really send: learned from Telegram's refusals. Pure; the time is handed in.

Telegram publishes no exact limit, and it varies. When it tells the whole bot to wait, the rate
goes down at once; while it is content, the rate climbs back to what the operator allows, within
a few seconds from the floor, because a refusal may have had another cause.
"""

from dataclasses import dataclass, field

DOWN = 0.85
FLOOR = 2 / 3
"""The rate never falls below this share of the ceiling."""

CLIMB = 1 / 15
"""Share of the ceiling won back each second without a refusal."""

QUIET = 1.0
"""Seconds without a refusal before the rate climbs."""


@dataclass(slots=True)
class LearnedRate:
    """`ceiling` is the operator's DUOLOGUE_SEND_RATE; rates in messages a second, times in seconds."""

    ceiling: float
    _low: float = field(init=False)
    _since: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        self._low = self.ceiling

    def at(self, now: float) -> float:
        """The rate to keep at that moment."""
        climbed = max(0.0, now - self._since - QUIET) * CLIMB * self.ceiling
        return min(self.ceiling, self._low + climbed)

    def refused(self, now: float) -> None:
        """Telegram told the whole bot to wait, at that moment."""
        self._low = max(self.ceiling * FLOOR, self.at(now) * DOWN)
        self._since = now
