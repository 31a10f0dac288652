"""Who waits, and who of them should talk: a pool in memory and a pure function from it to pairs.

The rules, in order:
1. Nobody is paired with themselves or with the partner they had last (either side's last counts).
2. First come, first served: each seeker gets the one who has waited longest.
3. Where somebody of the same bot came as early (within `equal` seconds), that one is taken:
   a conversation within one bot costs less.
4. Two who are each other's last partner are paired after all once both have waited for
   `patience` seconds: in a small network the last partner may be the only one there is.

Cost: a seeker looks from the front of the line and passes only people that do not fit; one
person is the last partner of few who wait, so an arrival costs the same in a pool of ten as of
100,000. Only people who are new in the pool, whose pair came to nothing, or whose patience
has just ended look for a partner; the others have looked before and found nobody.
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from core.domain.ids import BotId, PersonId, TicketId, order
from core.domain.ticket import Ticket


class Rules(NamedTuple):
    """What an operator may turn. Both in seconds."""

    patience: float = 20.0
    equal: float = 0.5


class Waiter(msgspec.Struct, frozen=True, gc=False):
    """One person in the pool, `since` when on the pool's own clock (seconds)."""

    ticket: Ticket
    since: float


class Round(NamedTuple):
    """What a look at the pool came to: pairs to commit, and who looked and found nobody."""

    pairs: tuple[tuple[Ticket, Ticket], ...]
    unlucky: tuple[Ticket, ...]


class Pool:
    """People who wait in order of arrival, all together and by bot. One ticket a person."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._waiting: OrderedDict[PersonId, Waiter] = OrderedDict()
        self._by_bot: dict[BotId, OrderedDict[PersonId, Waiter]] = {}
        self._seekers: OrderedDict[PersonId, None] = OrderedDict()
        self._patient: list[tuple[float, TicketId, PersonId]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, ticket: Ticket, now: float) -> None:
        """Take a person in at the end of the line; a newer ticket replaces the one before."""
        known = self._waiting.get(ticket.person)
        if known is not None:
            if known.ticket.id == ticket.id:
                return
            self.remove(known.ticket)
        waiter = Waiter(ticket, now)
        self._waiting[ticket.person] = waiter
        self._by_bot.setdefault(ticket.bot, OrderedDict())[ticket.person] = waiter
        self._seekers[ticket.person] = None

    def remove(self, ticket: Ticket) -> Waiter | None:
        """Let a ticket go; None, and nothing happens, where the person has another by now, or none."""
        known = self._waiting.get(ticket.person)
        if known is None or known.ticket.id != ticket.id:
            return None
        del self._waiting[ticket.person]
        line = self._by_bot[known.ticket.bot]
        del line[ticket.person]
        if not line:
            del self._by_bot[known.ticket.bot]
        self._seekers.pop(ticket.person, None)
        return known

    def rest(self, tickets: Iterable[Ticket], now: float) -> None:
        """These have looked at `now` and found nobody: they look again only when their patience ends."""
        for ticket in tickets:
            waiter = self._waiting.get(ticket.person)
            if waiter is None or waiter.ticket.id != ticket.id:
                continue
            self._seekers.pop(ticket.person, None)
            ends = waiter.since + self.rules.patience
            if ends > now:
                heapq.heappush(self._patient, (ends, ticket.id, ticket.person))

    def seek(self, ticket: Ticket) -> None:
        """This one looks again: the pair it was in came to nothing."""
        waiter = self._waiting.get(ticket.person)
        if waiter is not None and waiter.ticket.id == ticket.id:
            self._seekers[ticket.person] = None

    def wake(self, now: float) -> None:
        """Those whose patience has ended by now look again."""
        while self._patient and self._patient[0][0] <= now:
            _, ticket, person = heapq.heappop(self._patient)
            waiter = self._waiting.get(person)
            if waiter is not None and waiter.ticket.id == ticket:
                self._seekers[person] = None

    def next_wake(self) -> float | None:
        """When (on the pool's clock) somebody's patience ends next."""
        return self._patient[0][0] if self._patient else None

    def keep(self, tickets: set[TicketId], upto: TicketId) -> int:
        """Let go whoever's ticket, up to that one, is not among these; how many went."""
        last = order(upto)
        gone = [
            waiter.ticket
            for waiter in self._waiting.values()
            if waiter.ticket.id not in tickets and order(waiter.ticket.id) <= last
        ]
        for ticket in gone:
            self.remove(ticket)
        return len(gone)

    def seekers(self) -> Iterator[Waiter]:
        """Those who look for a partner now."""
        return (self._waiting[person] for person in self._seekers)

    def line(self) -> Iterator[Waiter]:
        """All, the longest waiting first."""
        return iter(self._waiting.values())

    def line_of(self, bot: BotId) -> Iterator[Waiter]:
        """All of one bot, the longest waiting first."""
        return iter(self._by_bot.get(bot, {}).values())

    def waiting_by_bot(self) -> dict[BotId, int]:
        """How many wait at each bot."""
        return {bot: len(line) for bot, line in self._by_bot.items()}


def pair(pool: Pool, now: float, most: int) -> Round:
    """Up to `most` pairs for those who look, by the rules above. Changes nothing in the pool."""
    rules = pool.rules
    taken: set[PersonId] = set()
    everyone = _Line(pool.line(), taken)
    bots: dict[BotId, _Line] = {}
    pairs: list[tuple[Ticket, Ticket]] = []
    unlucky: list[Ticket] = []
    for seeker in pool.seekers():
        if len(pairs) >= most:
            break
        if seeker.ticket.person in taken:
            continue
        partner = everyone.first(seeker, now, rules)
        if partner is None:
            unlucky.append(seeker.ticket)
            continue
        bot = seeker.ticket.bot
        if partner.ticket.bot != bot:
            if bot not in bots:
                bots[bot] = _Line(pool.line_of(bot), taken)
            near = bots[bot].first(seeker, now, rules)
            if near is not None and near.since <= partner.since + rules.equal:
                partner = near
        taken.add(seeker.ticket.person)
        taken.add(partner.ticket.person)
        pairs.append((seeker.ticket, partner.ticket))
    return Round(tuple(pairs), tuple(unlucky))


def _fits(me: Waiter, other: Waiter, now: float, rules: Rules) -> bool:
    if me.ticket.person == other.ticket.person:
        return False
    if other.ticket.person != me.ticket.last and me.ticket.person != other.ticket.last:
        return True
    return max(me.since, other.since) + rules.patience <= now


class _Line:
    """A line looked through from the front again and again, skipping who is taken by now.

    It remembers how far it has come, so that those taken are passed once and not by every
    seeker; whoever was passed without being taken is looked at first the next time.
    """

    def __init__(self, people: Iterator[Waiter], taken: set[PersonId]) -> None:
        self._ahead = people
        self._passed: deque[Waiter] = deque()
        self._taken = taken

    def first(self, seeker: Waiter, now: float, rules: Rules) -> Waiter | None:
        """The first one who fits the seeker."""
        while self._passed and self._passed[0].ticket.person in self._taken:
            self._passed.popleft()
        for waiter in self._passed:
            if waiter.ticket.person not in self._taken and _fits(seeker, waiter, now, rules):
                return waiter
        for waiter in self._ahead:
            if waiter.ticket.person in self._taken:
                continue
            self._passed.append(waiter)
            if _fits(seeker, waiter, now, rules):
                return waiter
        return None
