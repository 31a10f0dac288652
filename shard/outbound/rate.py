"""What a token can really send: learned from Telegram's refusals and delays. Pure; the time is handed in.

Telegram publishes no exact limit, and it varies. It shows a limit in two ways: it refuses (429), or it
holds every call for a while before it carries it out. So the rate goes down at once on a refusal;
and when, while others wait, even the quickest call of some seconds was slow, it goes down to what
really went through. If calls are no quicker then, Telegram is just slow, and the rate goes back.

One such event may have had another cause, so the rate climbs back to what the operator allows within
seconds. When that was wrong the limit is believed, longer each time, and approached slowly.
"""

from dataclasses import dataclass, field

DOWN = 0.85
FLOOR = 1 / 3
"""The rate never falls below this share of the ceiling."""

QUIET = 1.0
"""Seconds after a refusal before the rate climbs."""

BACK_SECONDS = 3.0
"""So quickly the rate is back after what may have been chance."""

SLOW_CLIMB = 1 / 300
"""Share of the ceiling won back each second where a limit was met again and again."""

MEMORY = 120.0
"""A limit that is met again within so many seconds of being believed no more is the same one."""

TRUST_FIRST, TRUST_MOST = 15.0, 600.0
"""Seconds for which a limit is believed that was met twice; twice as long each further time."""

WINDOW = 2.0
SLOW_WINDOWS = 2
HELD = 0.05
"""Seconds above the usual that make a call slow."""

GAP = 1.5
"""With no answer for so long the token was not busy all the time."""


@dataclass(slots=True)
class LearnedRate:
    """`ceiling` is the operator's DUOLOGUE_SEND_RATE; rates in messages a second, times in seconds."""

    ceiling: float
    _low: float = field(init=False)
    _since: float = field(init=False, default=float("-inf"))
    _trust: float = field(init=False, default=0.0)
    _latest: float = field(init=False, default=float("-inf"))
    _begun: float = field(init=False, default=0.0)
    _count: int = field(init=False, default=0)
    _quickest: float = field(init=False, default=float("inf"))
    _usual: float = field(init=False, default=float("inf"))
    _slow: int = field(init=False, default=0)
    _tried: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._low = self.ceiling

    def at(self, now: float) -> float:
        """The rate to keep at that moment."""
        if self._low >= self.ceiling:
            return self.ceiling
        if self._tried and now - self._latest < GAP:
            return self._low
        climbing = max(0.0, now - self._since - QUIET - self._trust)
        slope = SLOW_CLIMB * self.ceiling if self._trust else (self.ceiling - self._low) / BACK_SECONDS
        return min(self.ceiling, self._low + climbing * slope)

    def refused(self, now: float, until: float) -> None:
        """Telegram told the whole bot to wait until then."""
        if now < self._since:
            # Others that were under way: the same event.
            self._since = max(self._since, until)
            return
        busy = now - self._latest < GAP
        self._lower(now, self.at(now) * DOWN, learn=busy)
        self._since = max(now, until)
        self._begin(now)

    def alone(self, took: float) -> None:
        """A call was answered after that time while nobody waited: so quick is Telegram by itself."""
        self._usual = min(self._usual, took)

    def answered(self, now: float, took: float) -> None:
        """A call was answered after that time, and others wait for their turn."""
        if now - self._latest > GAP:
            self._begin(now)
            self._slow = self._tried = 0
        self._latest = now
        self._count += 1
        self._quickest = min(self._quickest, took)
        if now - self._begun >= WINDOW:
            self._judge(now)

    def _begin(self, now: float) -> None:
        self._begun, self._count, self._quickest = now, 0, float("inf")

    def _judge(self, now: float) -> None:
        """A window is over, in which the token was busy all the time."""
        rate, quickest = self._count / (now - self._begun), self._quickest
        self._begin(now)
        self._usual = min(self._usual, quickest)
        slow = quickest > self._usual + HELD
        if self._tried:
            self._tried -= 1
            if self._tried:
                # Calls that were held before are answered in this window.
                return
            self._since = now
            if slow:
                # Fewer calls are no quicker: it is not their number.
                self._usual, self._low, self._trust = quickest, self.ceiling, 0.0
            return
        self._slow = self._slow + 1 if slow else 0
        if self._slow == SLOW_WINDOWS:
            self._slow, self._tried = 0, 2
            self._lower(now, min(rate, self.at(now)), learn=True)

    def _lower(self, now: float, to: float, *, learn: bool) -> None:
        known = now - self._since - self._trust < MEMORY
        if learn:
            self._trust = min(TRUST_MOST, max(TRUST_FIRST, 2 * self._trust)) if known else 0.0
        self._low = max(self.ceiling * FLOOR, to)
        self._since = now
