"""Sliding windows, pure: the time is passed in, in seconds, and never goes back."""

from collections import deque


class Window:
    """At most `cap` in any `period` seconds, counted exactly."""

    __slots__ = ("_log", "_total", "cap", "period")

    def __init__(self, cap: int, period: float) -> None:
        self.cap = cap
        self.period = period
        self._log: deque[tuple[float, int]] = deque()
        self._total = 0

    def held(self, now: float) -> int:
        """What the window that ends now holds."""
        self._forget(now)
        return self._total

    def earliest(self, now: float, weight: int) -> float:
        """The first moment, not before anything already taken, at which `weight` more would fit."""
        weight = min(weight, self.cap)
        at = max(now, self._log[-1][0]) if self._log else now
        total = self._total
        for moment, one in self._log:
            if moment + self.period > at:
                if total + weight <= self.cap:
                    break
                at = moment + self.period
            total -= one
        return at

    def take(self, at: float, weight: int) -> None:
        """Puts `weight` into the window at `at`, which is not before what was taken last."""
        self._forget(at)
        weight = min(weight, self.cap)
        self._log.append((at, weight))
        self._total += weight

    def idle(self, now: float) -> bool:
        """Whether it holds nothing any more."""
        return not self._log or self._log[-1][0] + self.period <= now

    def _forget(self, now: float) -> None:
        log = self._log
        while log and log[0][0] + self.period <= now:
            self._total -= log.popleft()[1]


class Bucket:
    """`rate` a second, sustained, with `burst` let go at once: in T seconds at most burst + rate * T.

    What weighs more than one is let go when one would be, and has to drain before the next.
    """

    __slots__ = ("_full_until", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._full_until = float("-inf")

    def earliest(self, now: float, weight: int) -> float:  # noqa: ARG002  as a Window has it
        """The first moment at which one more would be let go, and so however many come together."""
        return max(now, self._full_until - (self.burst - 1) / self.rate)

    def take(self, at: float, weight: int) -> None:
        self._full_until = max(self._full_until, at) + weight / self.rate

    def idle(self, now: float) -> bool:
        return self._full_until <= now
