"""The leader's matcher and sweeper with a real Redis: who waits, talks; what was left, arrives."""

import asyncio

import pytest

from coordinator.matchmaking.pool import Rules
from coordinator.matchmaking.sweeper import Sweeper
from core.domain.conversation import Change, Phase
from core.domain.errors import StaleEpoch
from core.domain.ids import ConversationId, Epoch, PersonId
from core.domain.ticket import Pairing
from core.service.clock import SystemClock
from core.service.outages import Outages
from tests.integration.coordinator.support import (
    LIMIT_SECONDS,
    NOBODY,
    ONE,
    TWO,
    FastClock,
    Network,
    eventually,
    working,
)


async def test_two_who_wait_talk_and_both_shards_are_told(network: Network) -> None:
    async with network.matching(epoch=3):
        await network.find(1, bot=ONE)
        await network.find(2, bot=TWO)
        await eventually(lambda: network.chatting(1, 2))
        (standing,) = await network.conversations.standings([PersonId(1)])
        assert standing.conversation == (3 << 32) | 1

        async def both_told() -> bool:
            told = [*await network.told(ONE), *await network.told(TWO)]
            return (PersonId(1), Change.MATCHED) in told and (PersonId(2), Change.MATCHED) in told

        await eventually(both_told)


async def test_those_who_waited_before_the_leader_came_are_not_forgotten(network: Network) -> None:
    everybody = range(1, 2_503)
    await asyncio.gather(*(network.find(*everybody[n::8]) for n in range(8)))
    async with network.matching():
        await eventually(lambda: network.chatting(*everybody))
    partners = {person: await network.partner(person) for person in everybody}
    assert all(partners[partner] == person for person, partner in partners.items())
    conversations = {
        standing.conversation
        for standing in await network.conversations.standings([PersonId(p) for p in everybody])
    }
    assert len(conversations) == len(everybody) / 2


async def test_the_odd_one_waits_for_the_next(network: Network) -> None:
    async with network.matching() as matcher:
        await network.find(1, 2, 3)
        await eventually(lambda: network.chatting(1, 2))
        assert await network.phases(3) == [Phase.WAITING]
        await eventually(lambda: _is(matcher.waiting_by_bot() == {ONE: 1}))
        await network.find(4, bot=TWO)
        await eventually(lambda: network.chatting(3, 4))


async def _is(held: bool) -> bool:
    return held


async def test_who_stopped_searching_is_not_matched_and_costs_nobody_their_place(network: Network) -> None:
    async with network.matching():
        await network.find(1)
        await eventually(lambda: _waits_alone(network))
        await network.stop(1)
        await network.find(2)
        await network.find(3)
        await eventually(lambda: network.chatting(2, 3))
        assert await network.phases(1) == [Phase.IDLE]


async def _waits_alone(network: Network) -> bool:
    return await network.conversations.waiting_count() == 1


async def test_the_pool_forgets_those_who_stopped_while_nobody_came(network: Network) -> None:
    async with network.matching(clock=FastClock()) as matcher:
        await network.find(1)
        await eventually(lambda: _is(matcher.waiting_by_bot() == {ONE: 1}))
        await network.stop(1)
        await eventually(lambda: _is(matcher.waiting_by_bot() == {}))


async def test_two_who_just_talked_are_matched_again_only_when_nobody_else_comes(network: Network) -> None:
    async with network.matching(rules=Rules(patience=1e9)):
        await network.find(1, 2)
        await eventually(lambda: network.chatting(1, 2))
        await network.conversations.leave(network.asker(1, ONE), PersonId(2), search=True)
        await network.find(2)
        await network.find(3)
        await eventually(lambda: network.chatting(1, 3))
        assert await network.phases(2) == [Phase.WAITING]


async def test_a_small_network_does_not_starve(network: Network) -> None:
    async with network.matching(clock=FastClock()):
        await network.find(1, 2)
        await eventually(lambda: network.chatting(1, 2))
        await network.conversations.leave(network.asker(1, ONE), PersonId(2), search=True)
        await network.find(2)
        await eventually(lambda: network.chatting(1, 2))


async def test_one_who_leads_no_more_stops_matching(network: Network) -> None:
    async def until_it_ends() -> None:
        async with network.matching(epoch=5):
            await network.find(1)
            await network.lead(6)
            await network.find(2)
            await asyncio.sleep(LIMIT_SECONDS)

    with pytest.raises(ExceptionGroup) as ended:
        await until_it_ends()
    assert ended.group_contains(StaleEpoch)
    assert await network.phases(1, 2) == [Phase.WAITING, Phase.WAITING]
    async with network.matching(epoch=6):
        await eventually(lambda: network.chatting(1, 2))


async def test_what_a_dead_process_left_in_the_outbox_arrives(network: Network) -> None:
    """Committed, and killed before anything was carried."""
    await network.lead(1)
    await network.find(1, bot=ONE)
    await network.find(2, bot=TWO)
    tickets = await network.conversations.waiting(None, 10, block_ms=1)
    await network.conversations.match(Epoch(1), [Pairing(ConversationId(1), tickets[0], tickets[1])])
    assert await network.told(ONE) == []
    clock = SystemClock()
    async with working(Sweeper(network.conversations, clock, Outages(clock)).run()):
        await eventually(lambda: _left(network, 0))
        assert await network.told(ONE) == [(1, Change.MATCHED)]
        assert await network.told(TWO) == [(2, Change.MATCHED)]
        # And what is left later, while the sweeper is at work.
        await network.conversations.leave(network.asker(1, ONE), PersonId(2))
        await eventually(lambda: _left(network, 0))
        assert (2, Change.PARTNER_LEFT) in await network.told(TWO)


async def _left(network: Network, count: int) -> bool:
    return len((await network.conversations.uncarried("+", 100)).events) == count


async def test_nobody_is_the_partner_of_a_newcomer(network: Network) -> None:
    """`last` 0 of two newcomers is no common partner: they fit."""
    async with network.matching():
        outcomes = await network.find(1, 2)
        assert [outcome.standing.partner for outcome in outcomes] == [NOBODY, NOBODY]
        await eventually(lambda: network.chatting(1, 2))


class StandingClock(SystemClock):
    """Whoever rests, rests for ever."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


async def test_a_new_leader_sweeps_all_at_once(network: Network) -> None:
    """What lies there was left before it led: nobody else will carry it."""
    await network.find(1, 2)
    await network.stop(1)
    await network.stop(2)
    clock = StandingClock()
    async with working(Sweeper(network.conversations, clock, Outages(clock)).run()):
        await eventually(lambda: _left(network, 0))


async def test_one_at_rest_whose_pair_failed_meets_who_came_with_the_other(
    network: Network,
) -> None:
    """1 rests; 2, who is forgotten by now, and 3 come in one read: 2 is paired with 1, and 3 finds nobody."""
    both_at_once = """
        redis.call('XADD', KEYS[1], '*', 'p', 2, 'b', 11, 'l', 0)
        local ticket = redis.call('XADD', KEYS[1], '*', 'p', 3, 'b', 11, 'l', 0)
        redis.call('HSET', KEYS[2], 'seq', 1, 'phase', 'waiting', 'bot', 11, 'ticket', ticket)
    """
    keys = network.keys
    async with network.matching(rules=Rules(patience=1e9)) as matcher:
        await network.find(1)
        await eventually(lambda: _is(matcher.waiting_by_bot() == {ONE: 1}))
        await network.client.command("EVAL", both_at_once, 2, keys.tickets, keys.person(PersonId(3)))
        await eventually(lambda: network.chatting(1, 3))
