"""The rules of matchmaking hold for every pool."""

from collections.abc import Iterable
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from coordinator.matchmaking.pool import Pool, Round, Rules, Waiter, pair
from core.domain.ids import BotId, PersonId, TicketId
from core.domain.ticket import Ticket

PATIENCE = 20.0
NOW = 1_000.0

people = st.integers(1, 12).map(PersonId)
bots = st.sampled_from([BotId(1), BotId(2), BotId(3)])
ages = st.sampled_from([0.0, 0.1, 0.4, 0.6, 5.0, 19.9, 20.0, 60.0])
equals = st.sampled_from([0.0, 0.5, 1_000.0])


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """A pool of up to twelve people who came one after the other and all look for a partner."""
    pool = Pool(Rules(patience=PATIENCE, equal=draw(equals)))
    who = draw(st.lists(people, unique=True))
    for number, age in enumerate(sorted((draw(ages) for _ in who), reverse=True)):
        pool.add(ticket(number, who[number], draw(bots), draw(st.just(PersonId(0)) | people)), NOW - age)
    return pool


def ticket(number: int, person: PersonId, bot: BotId, last: PersonId) -> Ticket:
    return Ticket(TicketId(f"{number + 1}-0"), person, bot, last)


def fits(a: Waiter, b: Waiter) -> bool:
    if a.ticket.person == b.ticket.person:
        return False
    strangers = a.ticket.last != b.ticket.person and b.ticket.last != a.ticket.person
    return strangers or min(NOW - a.since, NOW - b.since) >= PATIENCE


def paired(round_: Round) -> list[PersonId]:
    return [ticket.person for both in round_.pairs for ticket in both]


def left(pool: Pool, round_: Round) -> list[Waiter]:
    gone = paired(round_)
    return [waiter for waiter in pool.line() if waiter.ticket.person not in gone]


def find(pool: Pool, wanted: Ticket) -> Waiter:
    return next(waiter for waiter in pool.line() if waiter.ticket.person == wanted.person)


@given(pools())
def test_nobody_is_in_two_pairs_and_all_pairs_fit(pool: Pool) -> None:
    round_ = pair(pool, NOW, 100)
    assert len(set(paired(round_))) == len(paired(round_))
    assert all(fits(find(pool, a), find(pool, b)) for a, b in round_.pairs)


@given(pools())
def test_nobody_waits_beside_somebody_who_fits(pool: Pool) -> None:
    assert not any(fits(a, b) for a, b in combinations(left(pool, pair(pool, NOW, 100)), 2))


@given(pools())
def test_those_left_are_those_who_looked_in_vain(pool: Pool) -> None:
    round_ = pair(pool, NOW, 100)
    assert [t.person for t in round_.unlucky] == [waiter.ticket.person for waiter in left(pool, round_)]


@given(pools())
def test_looking_changes_nothing(pool: Pool) -> None:
    before = list(pool.line())
    assert pair(pool, NOW, 100) == pair(pool, NOW, 100)
    assert list(pool.line()) == before


@given(pools())
def test_it_is_what_a_plain_reading_of_the_rules_gives(pool: Pool) -> None:
    assert list(pair(pool, NOW, 100).pairs) == by_the_rules(pool, pool.line())


def by_the_rules(pool: Pool, seekers: Iterable[Waiter]) -> list[tuple[Ticket, Ticket]]:
    free = list(pool.line())
    pairs = []
    for seeker in seekers:
        fitting = [other for other in free if fits(seeker, other)]
        if seeker not in free or not fitting:
            continue
        first = fitting[0]
        near = [o for o in fitting if o.ticket.bot == seeker.ticket.bot]
        partner = near[0] if near and near[0].since <= first.since + pool.rules.equal else first
        pairs.append((seeker.ticket, partner.ticket))
        free = [waiter for waiter in free if waiter not in (seeker, partner)]
    return pairs


@given(pools(), st.integers(1, 3))
def test_many_small_looks_come_to_the_same_as_a_big_one(pool: Pool, most: int) -> None:
    at_once = pair(pool, NOW, 100).pairs
    one_by_one: list[tuple[Ticket, Ticket]] = []
    while (round_ := pair(pool, NOW, most)).pairs:
        assert len(round_.pairs) <= most
        one_by_one += round_.pairs
        for both in round_.pairs:
            for gone in both:
                pool.remove(gone)
        pool.rest(round_.unlucky, NOW)
    assert tuple(one_by_one) == at_once


@given(pools(), people, bots)
def test_who_comes_into_a_settled_pool_gets_the_longest_waiting(
    pool: Pool, person: PersonId, bot: BotId
) -> None:
    """One by one, as at a quiet hour: an arrival is compared with those who found nobody."""
    for waiter in left(pool, settle(pool)):
        assert waiter.ticket.person not in [w.ticket.person for w in pool.seekers()]
    before = [waiter for waiter in pool.line() if waiter.ticket.person != person]
    newcomer = ticket(100, person, bot, PersonId(0))
    pool.add(newcomer, NOW)
    fitting = [waiter for waiter in before if fits(find(pool, newcomer), waiter)]
    pairs = pair(pool, NOW, 100).pairs
    assert bool(pairs) == bool(fitting)
    if fitting and pool.rules.equal == 0:
        assert pairs == ((newcomer, fitting[0].ticket),) or pairs[0][1].bot == bot


def settle(pool: Pool) -> Round:
    """Commit what there is to commit, so that only those are left who fit nobody."""
    round_ = pair(pool, NOW, 100)
    for both in round_.pairs:
        for gone in both:
            pool.remove(gone)
    pool.rest(round_.unlucky, NOW)
    return Round((), ())


@given(pools())
def test_a_settled_pool_is_at_rest(pool: Pool) -> None:
    """However many come: those who fit nobody are at most three, each the others' last partner."""
    settle(pool)
    assert list(pool.seekers()) == []
    assert pair(pool, NOW, 100).pairs == ()
    assert len(pool) <= 3
    assert sum(pool.waiting_by_bot().values()) == len(pool)
