"""Matchmaking by example: what the rules mean in the cases that people notice."""

import pytest

from coordinator.matchmaking.pool import Pool, Rules, pair
from core.domain.ids import BotId, PersonId, TicketId, order
from core.domain.ticket import Ticket

A, B, C, D = (PersonId(n) for n in (1, 2, 3, 4))
ONE, TWO = BotId(11), BotId(22)


@pytest.fixture
def pool() -> Pool:
    return Pool(Rules(patience=20.0, equal=0.5))


class Arrivals:
    """Tickets in order."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, person: PersonId, bot: BotId = ONE, last: int = 0) -> Ticket:
        self.count += 1
        return Ticket(TicketId(f"{1000 + self.count}-0"), person, bot, PersonId(last))


@pytest.fixture
def arrives() -> Arrivals:
    return Arrivals()


def names(pool: Pool, now: float) -> list[tuple[PersonId, PersonId]]:
    return [(a.person, b.person) for a, b in pair(pool, now, 100).pairs]


def test_first_come_first_served(pool: Pool, arrives: Arrivals) -> None:
    for at, person in enumerate((A, B, C)):
        pool.add(arrives(person, BotId(person)), at * 10.0)
    assert names(pool, 30.0) == [(A, B)]


def test_the_same_bot_is_preferred_among_those_who_came_together(pool: Pool, arrives: Arrivals) -> None:
    for person, bot in ((A, ONE), (B, TWO), (C, ONE), (D, TWO)):
        pool.add(arrives(person, bot), 100.0)
    assert names(pool, 100.0) == [(A, C), (B, D)]


def test_nobody_waits_for_the_sake_of_the_same_bot(pool: Pool, arrives: Arrivals) -> None:
    pool.add(arrives(A, ONE, last=C), 1.0)
    pool.rest([t.ticket for t in pool.seekers()], 1.0)
    pool.add(arrives(B, TWO), 2.0)
    pool.add(arrives(C, TWO), 2.0)
    assert names(pool, 2.0) == [(B, A)]


def test_not_the_last_partner_again(pool: Pool, arrives: Arrivals) -> None:
    pool.add(arrives(A, last=B), 0.0)
    pool.add(arrives(B, last=A), 0.0)
    assert names(pool, 0.0) == []
    pool.add(arrives(C), 1.0)
    pool.rest(pair(pool, 0.0, 100).unlucky, 0.0)
    assert names(pool, 1.0) == [(A, C)] or names(pool, 1.0) == [(C, A)]


def test_the_last_partner_after_all_when_nobody_else_comes(pool: Pool, arrives: Arrivals) -> None:
    pool.add(arrives(A, last=B), 0.0)
    pool.add(arrives(B, last=A), 5.0)
    for now in (5.0, 20.0):
        pool.wake(now)
        round_ = pair(pool, now, 100)
        assert round_.pairs == ()
        pool.rest(round_.unlucky, now)
    assert pool.next_wake() == 25.0
    pool.wake(25.0)
    assert names(pool, 25.0) == [(B, A)]


def test_patience_that_came_to_nothing_does_not_wake_anybody_again(pool: Pool, arrives: Arrivals) -> None:
    pool.add(arrives(A, last=B), 0.0)
    pool.wake(20.0)
    pool.rest(pair(pool, 20.0, 100).unlucky, 20.0)
    assert pool.next_wake() is None
    assert list(pool.seekers()) == []


def test_a_new_ticket_replaces_the_old_one_and_goes_to_the_end(pool: Pool, arrives: Arrivals) -> None:
    old = arrives(A)
    pool.add(old, 0.0)
    pool.add(arrives(B, last=A), 0.0)
    pool.add(arrives(A, TWO, last=B), 1.0)
    assert [waiter.ticket.person for waiter in pool.line()] == [B, A]
    assert pool.waiting_by_bot() == {ONE: 1, TWO: 1}
    pool.remove(old)
    assert len(pool) == 2


def test_the_same_ticket_read_twice_is_one_person(pool: Pool, arrives: Arrivals) -> None:
    ticket = arrives(A)
    pool.add(ticket, 0.0)
    pool.add(ticket, 9.0)
    assert [waiter.since for waiter in pool.line()] == [0.0]


def test_who_is_left_of_a_failed_pair_looks_again_at_the_same_place(pool: Pool, arrives: Arrivals) -> None:
    tickets = [arrives(person) for person in (A, B, C)]
    for ticket in tickets:
        pool.add(ticket, 0.0)
    round_ = pair(pool, 0.0, 1)
    assert [t.person for t in round_.pairs[0]] == [A, B]
    pool.remove(tickets[1])
    pool.seek(tickets[0])
    assert names(pool, 0.0) == [(A, C)]


def test_who_rested_looks_again_when_the_pair_came_to_nothing(pool: Pool, arrives: Arrivals) -> None:
    gone, first, second = arrives(D), arrives(A), arrives(B, last=A)
    for ticket in (first, second):
        pool.add(ticket, 0.0)
    # Who went meanwhile is passed over; the others all the same rest.
    pool.rest([gone, first, second], 0.0)
    assert list(pool.seekers()) == []
    pool.add(gone, 0.0)
    assert names(pool, 0.0) == [(D, A)]
    pool.remove(gone)
    pool.seek(gone)
    pool.seek(first)
    assert [waiter.ticket for waiter in pool.seekers()] == [first]


def test_tickets_of_one_millisecond_are_in_the_order_of_their_numbers() -> None:
    tickets = ["999-7", "1000", "1000-2", "1000-10", "1001-0"]
    assert sorted(map(TicketId, reversed(tickets)), key=order) == tickets
    assert order(TicketId("1000")) == order(TicketId("1000-0"))


def test_seeking_needs_the_ticket_that_waits(pool: Pool, arrives: Arrivals) -> None:
    old = arrives(A)
    pool.add(old, 0.0)
    pool.add(arrives(A), 0.0)
    pool.rest([waiter.ticket for waiter in pool.seekers()], 0.0)
    pool.seek(old)
    assert list(pool.seekers()) == []


def test_those_who_stopped_waiting_are_forgotten_up_to_what_was_read(pool: Pool, arrives: Arrivals) -> None:
    tickets = [arrives(person) for person in (A, B, C, D)]
    for ticket in tickets:
        pool.add(ticket, 0.0)
    assert pool.keep({tickets[0].id}, upto=tickets[2].id) == 2
    assert [waiter.ticket.person for waiter in pool.line()] == [A, D]


@pytest.mark.parametrize("size", [10, 10_000])
def test_an_arrival_looks_at_few_however_many_wait(size: int) -> None:
    """Counted, not timed: looks at people while one pair is made in a pool of `size`."""
    pool = Pool(Rules(patience=1e9, equal=0.0))
    for n in range(size):
        pool.add(Ticket(TicketId(f"{n}-0"), PersonId(n + 10), ONE, PersonId(0)), float(n))
    looked = 0

    class Counted(Pool):
        def line(self):  # type: ignore[no-untyped-def]
            nonlocal looked
            for waiter in super().line():
                looked += 1
                yield waiter

    pool.__class__ = Counted
    assert len(pair(pool, 1e6, 1).pairs) == 1
    assert looked <= 3


def test_a_bot_where_nobody_waits_any_more_is_forgotten(pool: Pool, arrives: Arrivals) -> None:
    ticket = arrives(A)
    pool.add(ticket, 0.0)
    pool.remove(ticket)
    assert pool.waiting_by_bot() == {}
    assert len(pool) == 0
