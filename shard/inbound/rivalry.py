"""Whether somebody else polls with our token, and for how long by now. Pure.

One 409 is nothing: a process that just ended, an operator's look. Polls that meet again and again mean that
another process lives on the same token: a forgotten one, or the token is stolen. Telegram hands each update
to one of the two, so what people write is lost to the other, and nobody can tell them. So the admins are
told after some minutes; when it goes on, the bot is quarantined like one with a revoked token, and its
people are moved. Only a new token (`duologue bots rotate`), or adding it anew, brings it back.
"""

from enum import Enum

TELL_SECONDS = 120.0
QUARANTINE_SECONDS = 600.0
CALM_SECONDS = 90.0
"""Without a 409 for so long, the other one is gone. Longer than any poll and a pause behind it."""


class Stage(Enum):
    """How far it has come."""

    NONE = "nobody else polls"
    MET = "somebody has just polled"
    STEADY = "somebody polls all the time"
    LOST = "the token is not ours alone any more"


class Rivalry:
    """What is known of the other one. Times in seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._first = self._last = float("-inf")

    def met(self, now: float) -> None:
        """A poll was answered with 409."""
        if now - self._last > CALM_SECONDS:
            self._first = now
        self._last = now

    def stage(self, now: float) -> Stage:
        """What follows from it by now."""
        if now - self._last > CALM_SECONDS:
            return Stage.NONE
        lasted = self._last - self._first
        if lasted >= QUARANTINE_SECONDS:
            return Stage.LOST
        return Stage.STEADY if lasted >= TELL_SECONDS else Stage.MET
