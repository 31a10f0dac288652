"""Find, leave, match and the outbox, step by step, against a real server."""

import msgspec
import pytest

from core.domain import envelope as envelopes
from core.domain.conversation import UNTOLD, Change, Phase
from core.domain.envelope import Happening
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, ConversationId, Epoch, MessageId, PersonId, UpdateId
from core.domain.ticket import Pairing, Ticket
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Asker, Conversations, Outcome
from core.state.redis.keys import Keys
from core.state.redis.records import Matched
from core.state.redis.streams import START, Inbox, Streams

A, B, C = PersonId(1001), PersonId(1002), PersonId(1003)
ONE, TWO = BotId(11), BotId(22)
LEADER = Epoch(7)
NOW = 1_700_000_000_000


class Network:
    """The scripts with short names; every wish is a new update."""

    def __init__(self, client: RedisClient, keys: Keys) -> None:
        self.client = client
        self.keys = keys
        self.conversations = Conversations(client, keys, Streams(client, keys))
        self.update = 0

    def asker(self, person: PersonId, bot: BotId = ONE, epoch: int = 1) -> Asker:
        self.update += 1
        return Asker(person, bot, Epoch(epoch), UpdateId(self.update))

    async def lead(self) -> None:
        await self.client.command("SET", self.keys.match_epoch, LEADER)

    async def find(self, person: PersonId, bot: BotId = ONE) -> Ticket:
        outcome = await self.conversations.find(self.asker(person, bot))
        assert outcome.changed
        return Ticket(outcome.standing.ticket, person, bot, outcome.standing.partner)

    async def next(self, person: PersonId) -> Outcome:
        return await self.conversations.leave(self.asker(person), PersonId(0), search=True)

    async def match(self, a: Ticket, b: Ticket, conversation: int = 1) -> Matched:
        pairing = Pairing(ConversationId(conversation), a, b)
        return (await self.conversations.match(LEADER, [pairing]))[0]

    async def talk(self) -> Matched:
        """A on the first bot and B on the second are in conversation 1."""
        return await self.match(await self.find(A, ONE), await self.find(B, TWO))

    async def phases(self, *people: PersonId) -> list[Phase]:
        return [standing.phase for standing in await self.conversations.standings(people)]


@pytest.fixture
async def network(client: RedisClient, keys: Keys) -> Network:
    network = Network(client, keys)
    await network.lead()
    return network


def told(outcome: Outcome | Matched) -> list[tuple[PersonId, BotId, Change]]:
    return [(event.person, event.bot, event.change) for event in outcome.events]


async def test_nobody_is_known_at_first(network: Network) -> None:
    (standing,) = await network.conversations.standings([A])
    assert standing.phase is Phase.IDLE
    assert standing.seq == 0


async def test_find_gives_a_ticket_and_leaves_the_telling_to_the_shard(network: Network) -> None:
    outcome = await network.conversations.find(network.asker(A))
    (kept,) = await network.conversations.standings([A])
    assert outcome.standing == msgspec.structs.replace(kept, words=MessageId(0))
    assert outcome.standing.phase is Phase.WAITING
    assert outcome.events == ()
    assert await network.conversations.newest_event() is None
    (ticket,) = await network.conversations.waiting(None, 10, block_ms=1)
    assert ticket == Ticket(outcome.standing.ticket, A, ONE, PersonId(0))


async def test_the_same_update_finds_once(network: Network) -> None:
    asker = network.asker(A)
    first = await network.conversations.find(asker)
    again = await network.conversations.find(asker)
    assert not again.changed
    assert again.events == ()
    assert again.standing == first.standing
    assert await network.conversations.waiting_count() == 1


async def test_an_old_find_does_not_search_again_after_the_conversation_it_led_to(network: Network) -> None:
    asker = network.asker(A)
    outcome = await network.conversations.find(asker)
    await network.match(Ticket(outcome.standing.ticket, A, ONE, PersonId(0)), await network.find(B))
    await network.conversations.leave(network.asker(B), A)
    assert not (await network.conversations.find(asker)).changed
    assert await network.phases(A) == [Phase.IDLE]


async def test_an_update_after_the_numbering_started_again_is_a_new_one(network: Network) -> None:
    asker = network.asker(A)._replace(update=UpdateId(900_000_000))
    assert (await network.conversations.find(asker)).changed
    assert (await network.conversations.leave(asker._replace(update=UpdateId(5)), PersonId(0))).changed


async def test_who_waits_or_talks_cannot_find(network: Network) -> None:
    await network.find(A)
    assert not (await network.conversations.find(network.asker(A))).changed
    assert await network.conversations.waiting_count() == 1


async def test_a_stale_shard_changes_nothing(network: Network) -> None:
    await network.conversations.find(network.asker(A, epoch=2))
    with pytest.raises(StaleEpoch):
        await network.conversations.find(network.asker(B, epoch=1))
    with pytest.raises(StaleEpoch):
        await network.conversations.leave(network.asker(A, epoch=1), PersonId(0))
    assert await network.phases(A, B) == [Phase.WAITING, Phase.IDLE]


async def test_a_match_tells_both_and_takes_their_tickets(network: Network) -> None:
    matched = await network.talk()
    assert told(matched) == [(A, ONE, Change.MATCHED), (B, TWO, Change.MATCHED)]
    a, b = await network.conversations.standings([A, B])
    assert (a.partner, a.partner_bot, a.side) == (B, TWO, 0)
    assert (b.partner, b.partner_bot, b.side) == (A, ONE, 1)
    assert a.talks_in(ConversationId(1))
    assert b.talks_in(ConversationId(1))
    assert await network.conversations.waiting_count() == 0


async def test_a_match_is_made_once(network: Network) -> None:
    a, b = await network.find(A), await network.find(B)
    await network.match(a, b)
    assert await network.match(a, b, conversation=2) == Matched((), a_waits=False, b_waits=False)
    (standing,) = await network.conversations.standings([A])
    assert standing.conversation == 1


async def test_a_match_needs_both_to_wait_still(network: Network) -> None:
    a, b = await network.find(A), await network.find(B)
    await network.conversations.leave(network.asker(B), PersonId(0))
    assert await network.match(a, b) == Matched((), a_waits=True, b_waits=False)
    assert await network.phases(A, B) == [Phase.WAITING, Phase.IDLE]


async def test_an_old_ticket_is_not_matched(network: Network) -> None:
    old = await network.find(A)
    await network.conversations.leave(network.asker(A), PersonId(0))
    await network.find(A)
    assert not (await network.match(old, await network.find(B))).a_waits


async def test_nobody_is_matched_with_themselves(network: Network) -> None:
    ticket = await network.find(A)
    assert (await network.match(ticket, ticket)).events == ()
    assert await network.phases(A) == [Phase.WAITING]


async def test_a_stale_leader_matches_nobody(network: Network) -> None:
    a, b = await network.find(A), await network.find(B)
    await network.client.command("SET", network.keys.match_epoch, LEADER + 1)
    with pytest.raises(StaleEpoch):
        await network.match(a, b)
    assert await network.phases(A, B) == [Phase.WAITING, Phase.WAITING]


async def test_a_ticket_of_somebody_forgotten_goes_away(network: Network) -> None:
    a, b = await network.find(A), await network.find(B)
    await network.client.command("DEL", network.keys.person(A))
    assert not (await network.match(a, b)).a_waits
    assert await network.conversations.waiting(None, 10, block_ms=1) == [b]


async def test_leaving_ends_it_for_both(network: Network) -> None:
    await network.talk()
    outcome = await network.conversations.leave(network.asker(A), B)
    assert told(outcome) == [(B, TWO, Change.PARTNER_LEFT), (A, ONE, Change.YOU_LEFT)]
    assert await network.phases(A, B) == [Phase.IDLE, Phase.IDLE]


async def test_leaving_with_a_wrong_belief_about_the_partner(network: Network) -> None:
    await network.talk()
    outcome = await network.conversations.leave(network.asker(A), C)
    assert told(outcome)[0] == (B, TWO, Change.PARTNER_LEFT)
    assert await network.phases(B) == [Phase.IDLE]


async def test_next_ends_it_and_searches_at_once(network: Network) -> None:
    await network.talk()
    outcome = await network.conversations.leave(network.asker(A), B, search=True)
    assert outcome.standing.phase is Phase.WAITING
    (ticket,) = await network.conversations.waiting(None, 10, block_ms=1)
    assert ticket == Ticket(outcome.standing.ticket, A, ONE, B)


async def test_next_of_somebody_idle_searches(network: Network) -> None:
    assert told(await network.next(A)) == [(A, ONE, Change.SEARCHING)]


async def test_next_while_waiting_changes_nothing(network: Network) -> None:
    ticket = await network.find(A)
    outcome = await network.next(A)
    assert not outcome.changed
    assert outcome.standing.ticket == ticket.id


async def test_stop_while_waiting_cancels(network: Network) -> None:
    await network.find(A)
    outcome = await network.conversations.leave(network.asker(A), PersonId(0))
    assert told(outcome) == [(A, ONE, Change.SEARCH_CANCELLED)]
    assert await network.conversations.waiting_count() == 0


async def test_the_same_update_leaves_once(network: Network) -> None:
    await network.talk()
    asker = network.asker(A)
    await network.conversations.leave(asker, B, search=True)
    before = await network.conversations.standings([A])
    assert not (await network.conversations.leave(asker, B, search=True)).changed
    assert await network.conversations.standings([A]) == before


async def test_a_shard_ends_the_conversation_of_somebody_who_cannot_be_reached(network: Network) -> None:
    await network.talk()
    asker = network.asker(B, TWO)._replace(update=UpdateId(0))
    outcome = await network.conversations.leave(asker, A, partner_told=Change.PARTNER_UNREACHABLE)
    assert told(outcome)[0] == (A, ONE, Change.PARTNER_UNREACHABLE)
    assert await network.phases(A, B) == [Phase.IDLE, Phase.IDLE]


async def test_seq_rises_even_after_a_person_was_forgotten(network: Network) -> None:
    await network.find(A)
    (before,) = await network.conversations.standings([A])
    await network.conversations.leave(network.asker(A), PersonId(0))
    await network.client.command("DEL", network.keys.person(A))
    await network.find(A)
    (after,) = await network.conversations.standings([A])
    assert after.seq >= before.seq
    assert before.seq > 1_600_000_000


async def test_who_is_idle_is_forgotten_and_who_is_not_is_kept(network: Network) -> None:
    await network.talk()
    lives = [await network.client.command("PTTL", network.keys.person(p)) for p in (A, B)]
    assert lives == [-1, -1]
    await network.conversations.leave(network.asker(A), B, search=True)
    lives = [await network.client.command("PTTL", network.keys.person(p)) for p in (A, B)]
    assert lives[0] == -1
    assert lives[1] > 0
    await network.find(B)
    assert await network.client.command("PTTL", network.keys.person(B)) == -1
    await network.conversations.leave(network.asker(A), PersonId(0))
    assert await network.client.command("PTTL", network.keys.person(A)) > 0


async def test_events_come_into_the_streams_once_whoever_carries_them(network: Network) -> None:
    matched = await network.talk()
    left_lying = (await network.conversations.uncarried("+", 100)).events
    assert [event for event in left_lying if event.change is Change.MATCHED] == list(matched.events)
    await network.conversations.carry(left_lying, NOW)
    await network.conversations.carry(matched.events, NOW)
    assert (await network.conversations.uncarried("+", 100)).events == []
    entries = await Inbox(network.client, network.keys, TWO).read(START, 100, block_ms=1)
    bodies = [envelopes.decode(entry.payload).body for entry in entries]
    assert [body.change for body in bodies if isinstance(body, Happening)] == [Change.MATCHED]


async def test_events_up_to_a_mark(network: Network) -> None:
    assert await network.conversations.newest_event() is None
    await network.next(A)
    mark = await network.conversations.newest_event()
    assert mark is not None
    await network.next(B)
    assert [event.person for event in (await network.conversations.uncarried(mark, 100)).events] == [A]


async def test_what_one_does_at_another_bot_makes_nobody_forget(network: Network) -> None:
    """A find at the first bot, /stop by its shard and at the second; then the first repeats its batch."""
    asker = network.asker(A)
    await network.conversations.find(asker)
    await network.conversations.leave(network.asker(A)._replace(update=UpdateId(0)), PersonId(0))
    await network.conversations.leave(network.asker(A, TWO), PersonId(0))
    assert not (await network.conversations.find(asker)).changed
    (standing,) = await network.conversations.standings([A])
    assert standing.phase is Phase.IDLE
    assert standing.asked == asker.update


async def test_a_repeated_command_that_changed_nothing_changes_nothing_later(network: Network) -> None:
    asker = network.asker(A)
    assert not (await network.conversations.leave(asker, PersonId(0))).changed
    await network.talk()
    outcome = await network.conversations.leave(asker, PersonId(0))
    assert not outcome.changed
    assert await network.phases(A) == [Phase.CHATTING]


async def test_a_standing_tells_the_last_command_in_events_too(network: Network) -> None:
    outcome = await network.next(A)
    (event,) = outcome.events
    (left_lying,) = (await network.conversations.uncarried("+", 10)).events
    assert event.standing.asked == left_lying.standing.asked == outcome.standing.asked == network.update


@pytest.mark.parametrize("entry", ["7 beamed_up 1 idle 11  0 0 0 0 0", "nonsense", ""])
async def test_an_event_of_a_newer_version_stays_and_stops_nobody(network: Network, entry: str) -> None:
    await network.client.command("XADD", network.keys.outbox, "*", "e", entry)
    await network.next(A)
    events, unreadable = await network.conversations.uncarried("+", 100)
    assert ([event.person for event in events], unreadable) == ([A], 1)
    await network.conversations.carry(events, NOW)
    assert await network.conversations.uncarried("+", 100) == ([], 1)


async def test_the_message_that_told_of_a_conversation_is_remembered_as_long_as_that_is_the_present_one(
    network: Network,
) -> None:
    async def words() -> int:
        return (await network.conversations.standings([A]))[0].words

    async def shown(conversation: int, bot: BotId, number: int) -> None:
        note = network.conversations.told(A, bot, ConversationId(conversation), MessageId(number))
        await network.client.run_many([note])

    await network.talk()
    assert await words() == UNTOLD
    await shown(1, ONE, 40)
    assert await words() == 40
    # Of another conversation, or of another bot's chat: it says nothing.
    await shown(2, ONE, 50)
    await shown(1, TWO, 50)
    assert await words() == 40
    await network.conversations.leave(network.asker(A), B)
    searching = await network.find(A)
    # Noted late, by a process that died in between.
    await shown(1, ONE, 55)
    await network.match(searching, await network.find(C, TWO), conversation=2)
    assert await words() == UNTOLD
    await shown(1, ONE, 60)
    assert await words() == UNTOLD
