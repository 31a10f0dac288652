"""What was accepted and what was shown, message by message. Pure; times in seconds of one clock."""

from array import array
from collections.abc import Sequence

import msgspec

_NEVER = -1.0


class Latency(msgspec.Struct, frozen=True):
    """From accepted (the update can be fetched) to shown, in milliseconds."""

    count: int = 0
    mean: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    worst: float = 0.0


class Verdict(msgspec.Struct, frozen=True):
    """What became of a load's messages.

    - `lost`: sent, never shown to anybody. `repeats`: shown again to the same person.
    - `inversions`: shown for the first time after one that its sender wrote later.
    - `misdelivered`: shown to anybody but the one partner of its sender, or to somebody whose own
      texts go elsewhere. `unknown`: shown, though never sent.
    - `cross_bot`: share of the shown messages whose two people are on different bots.
    - `span`: seconds from the first accepted to the last shown.
    """

    people: int
    paired: int
    sent: int
    shown: int
    lost: int
    repeats: int
    inversions: int
    misdelivered: int
    unknown: int
    cross_bot: float
    cross_pairs: int
    span: float
    per_second: float
    latency: Latency


class Ledger:
    """Room for `messages` of each of `people`, numbered from 0. `bots`: where each person is."""

    def __init__(self, people: int, messages: int, bots: Sequence[int]) -> None:
        self._messages = messages
        self._bots = list(bots)
        self._accepted = array("d", [_NEVER]) * (people * messages)
        self._shown = array("d", [_NEVER]) * (people * messages)
        self._newest = array("l", [-1]) * people
        self._partner = array("l", [-1]) * people
        self.sent = 0
        self.shown = 0
        self.repeats = 0
        self.inversions = 0
        self.misdelivered = 0
        self.unknown = 0
        self._cross = 0
        self.first_at = _NEVER
        self.last_at = _NEVER

    @property
    def people(self) -> int:
        return len(self._bots)

    def move(self, person: int, bot: int) -> None:
        """The person is on another bot now."""
        self._bots[person] = bot

    def accepted(self, sender: int, number: int, at: float) -> None:
        """A person's message was taken."""
        self._accepted[sender * self._messages + number] = at
        if not self.sent:
            self.first_at = at
        self.sent += 1

    def showed(self, to: int, sender: int, number: int, at: float) -> None:
        """A message was shown to a person; -1 for somebody who is not in the ledger at all."""
        place = sender * self._messages + number
        if not (0 <= sender < len(self._bots) and 0 <= number < self._messages) or self._accepted[place] < 0:
            self.unknown += 1
            return
        self.last_at = at
        partner = self._partner[sender]
        if partner < 0 and to >= 0 and to != sender:
            self._partner[sender] = partner = to
        if to != partner or self._partner[to] not in (-1, sender):
            self.misdelivered += 1
            return
        if self._shown[place] >= 0:
            self.repeats += 1
            return
        self._shown[place] = at
        self.shown += 1
        self._cross += self._bots[sender] != self._bots[to]
        if number < self._newest[sender]:
            self.inversions += 1
        else:
            self._newest[sender] = number

    def missing(self, limit: int = 20) -> list[tuple[int, int]]:
        """Some of the messages that were accepted and not shown, as (sender, number)."""
        found = []
        for place, at in enumerate(self._accepted):
            if at >= 0 and self._shown[place] < 0:
                found.append(divmod(place, self._messages))
                if len(found) == limit:
                    break
        return found

    def evaluate(self) -> Verdict:
        """The verdict over what happened so far."""
        pairs = [(sender, partner) for sender, partner in enumerate(self._partner) if partner >= 0]
        span = max(0.0, self.last_at - self.first_at) if self.shown else 0.0
        return Verdict(
            people=self.people,
            paired=len({person for pair in pairs for person in pair}),
            sent=self.sent,
            shown=self.shown,
            lost=self.sent - self.shown,
            repeats=self.repeats,
            inversions=self.inversions,
            misdelivered=self.misdelivered,
            unknown=self.unknown,
            cross_bot=self._cross / self.shown if self.shown else 0.0,
            cross_pairs=len(
                {frozenset(pair) for pair in pairs if self._bots[pair[0]] != self._bots[pair[1]]}
            ),
            span=span,
            per_second=self.shown / span if span else 0.0,
            latency=self._latency(),
        )

    def _latency(self) -> Latency:
        waits = sorted(
            (shown - accepted) * 1000
            for accepted, shown in zip(self._accepted, self._shown, strict=True)
            if shown >= 0
        )
        if not waits:
            return Latency()
        last = len(waits) - 1
        p50, p90, p99 = (waits[round(last * share)] for share in (0.5, 0.9, 0.99))
        return Latency(len(waits), sum(waits) / len(waits), p50, p90, p99, waits[-1])
