"""What goes on for long is said when it begins, and then once a minute with how often it happened."""

from core.service.clock import Clock

EVERY_SECONDS = 60.0


class Seldom:
    """One kind of event. It is to be said unless `times` is 0: so often it happened since the last time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._quiet_until = float("-inf")
        self._unsaid = 0

    def times(self) -> int:
        """It has happened once more."""
        self._unsaid += 1
        now = self._clock.monotonic()
        if now < self._quiet_until:
            return 0
        self._quiet_until = now + EVERY_SECONDS
        times, self._unsaid = self._unsaid, 0
        return times
