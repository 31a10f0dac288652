"""Whether somebody else uses our token, and for how long by now. Pure.

One meeting (a 409, a webhook set to another address) is nothing: a process that just ended, an operator's
look. Meeting again and again means that another process lives on the same token: a forgotten one, or the
token is stolen. Telegram hands each update to one of the two, so what people write is lost to the other, and
nobody can tell them. So the admins are told after some minutes; when it goes on, the bot is quarantined like
one with a revoked token, and its people are moved. Only a new token (`duologue bots rotate`), or adding it
anew, brings it back.
"""

from enum import Enum

TELL_SECONDS = 120.0
QUARANTINE_SECONDS = 600.0
CALM_SECONDS = 90.0
"""Without a meeting for so long, the other one is gone. Longer than any poll, than the time between two looks
at the webhook, and a pause behind it."""


class Stage(Enum):
    """How far it has come."""

    NONE = "nobody else is there"
    MET = "somebody was just there"
    STEADY = "somebody is there all the time"
    LOST = "the token is not ours alone any more"


class Rivalry:
    """What is known of the other one. Times in seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._first = self._last = float("-inf")

    def met(self, now: float) -> None:
        """They have met."""
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
