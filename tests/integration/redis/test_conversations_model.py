"""The conversation scripts against a model of them, in any order, with repeats and stale owners.

The model is what a person would say the rules are, in a few lines of Python; after every step
the server must agree with it about everybody.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.domain import envelope as envelopes
from core.domain.conversation import Phase
from core.domain.envelope import Happening
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, ConversationId, Epoch, PersonId, TicketId, UpdateId
from core.domain.ticket import Pairing, Ticket
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Asker, Conversations, Outcome
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from core.state.redis.streams import START, Inbox, Streams
from tests.harness.models import play

PEOPLE = [PersonId(n) for n in range(101, 106)]
BOTS = [BotId(11), BotId(22)]
NOW = 1_700_000_000_000
NO_BOT, NO_TICKET, NOBODY = BotId(0), TicketId(""), PersonId(0)

people = st.sampled_from(PEOPLE)
bots = st.sampled_from(BOTS)


@dataclass(frozen=True)
class Person:
    """What the model knows of one person."""

    phase: Phase = Phase.IDLE
    bot: BotId = NO_BOT
    ticket: TicketId = NO_TICKET
    conversation: int = 0
    partner: PersonId = NOBODY
    changes: int = 0


@dataclass
class Model:
    people: dict[PersonId, Person] = field(default_factory=lambda: {p: Person() for p in PEOPLE})
    shards: dict[BotId, int] = field(default_factory=lambda: dict.fromkeys(BOTS, 1))
    leader: int = 1
    updates: int = 0
    conversations: int = 0

    def change(self, person: PersonId, **to: Any) -> None:
        known = self.people[person]
        self.people[person] = replace(known, changes=known.changes + 1, **to)

    def of(self, phase: Phase) -> Iterator[tuple[PersonId, Person]]:
        return ((who, person) for who, person in self.people.items() if person.phase is phase)


class Machine(RuleBasedStateMachine):
    """One network under its own prefix; `url` is set by the test."""

    url = ""
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        Machine.runs += 1
        self.keys = Keys(f"model{Machine.runs}:")
        self.loop = asyncio.Runner()
        self.client = RedisClient(self.url, "fast", connections=2)
        self.conversations = Conversations(self.client, self.keys, Streams(self.client, self.keys))
        self.model = Model()
        self.first_seq: dict[PersonId, int] = {}
        self.done: list[tuple[str, Asker, bool]] = []
        self.old_tickets: list[Ticket] = []
        self.uncarried: list[Any] = []
        self.carried: list[Any] = []

    def teardown(self) -> None:
        self.loop.run(self.client.__aexit__())
        self.loop.close()

    @initialize()
    def lead(self) -> None:
        self.loop.run(self.client.command("SET", self.keys.match_epoch, self.model.leader))

    # --- people ----------------------------------------------------------------------------

    @rule(person=people, bot=bots)
    def find(self, person: PersonId, bot: BotId) -> None:
        asker = self.asker(person, bot)
        known = self.model.people[person]
        outcome = self.loop.run(self.conversations.find(asker))
        assert outcome.changed == (known.phase is Phase.IDLE)
        if outcome.changed:
            self.model.change(person, phase=Phase.WAITING, bot=bot, ticket=outcome.standing.ticket)
            self.done.append(("find", asker, False))
        self.note(outcome, [])

    @rule(person=people, bot=bots, search=st.booleans(), belief=people)
    def leave(self, person: PersonId, bot: BotId, search: bool, belief: PersonId) -> None:
        asker = self.asker(person, bot)
        known = self.model.people[person]
        outcome = self.loop.run(self.conversations.leave(asker, belief, search=search))
        told = self.left(asker, known, outcome, search=search)
        self.note(outcome, told)
        if outcome.changed:
            self.done.append(("leave", asker, search))

    @rule(person=people)
    def unreachable(self, person: PersonId) -> None:
        """The person's own shard ends what the person is in."""
        known = self.model.people[person]
        if known.phase is Phase.IDLE:
            return
        asker = self.asker(person, known.bot)._replace(update=UpdateId(0))
        outcome = self.loop.run(self.conversations.leave(asker, known.partner))
        self.note(outcome, self.left(asker, known, outcome, search=False))

    @rule(person=people, bot=bots)
    def shut_out(self, person: PersonId, bot: BotId) -> None:
        """Whatever the person is in ends, at whatever bot."""
        known = self.model.people[person]
        asker = self.asker(person, bot)._replace(update=UpdateId(0))
        outcome = self.loop.run(self.conversations.leave(asker, known.partner, anywhere=True))
        self.note(outcome, self.left(asker, known, outcome, search=False, anywhere=True))

    def left(
        self, asker: Asker, known: Person, outcome: Outcome, *, search: bool, anywhere: bool = False
    ) -> list[PersonId]:
        """What leaving does to the model; who is told."""
        nothing = Phase.WAITING if search else Phase.IDLE
        elsewhere = known.phase is not Phase.IDLE and asker.bot != known.bot and not anywhere
        assert outcome.changed == (known.phase is not nothing and not elsewhere)
        if not outcome.changed:
            return []
        told = [asker.person]
        if known.phase is Phase.CHATTING:
            self.model.change(known.partner, phase=Phase.IDLE)
            told.insert(0, known.partner)
        if search:
            ticket = outcome.standing.ticket
            self.model.change(asker.person, phase=Phase.WAITING, bot=asker.bot, ticket=ticket)
        else:
            self.model.change(asker.person, phase=Phase.IDLE, ticket=TicketId(""))
        return told

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """The last thing a person did comes once more, after a kill or a reset."""
        if not self.done:
            return
        what, asker, search = data.draw(st.sampled_from(self.done))
        latest = [done for done in self.done if done[1].person == asker.person][-1]
        if latest[1] != asker or self.model.shards[asker.bot] != asker.epoch:
            return
        if what == "find":
            outcome = self.loop.run(self.conversations.find(asker))
        else:
            outcome = self.loop.run(self.conversations.leave(asker, PersonId(0), search=search))
        assert not outcome.changed
        assert outcome.events == ()

    @rule(person=people, bot=bots)
    def stale_shard(self, person: PersonId, bot: BotId) -> None:
        """A new owner writes once; from then on the one before changes nothing."""
        old = self.asker(person, bot)
        self.model.shards[bot] += 1
        self.find(person, bot)
        for call in (self.conversations.find(old), self.conversations.leave(old, PersonId(0))):
            with pytest.raises(StaleEpoch):
                self.loop.run(call)

    # --- the leader ------------------------------------------------------------------------

    @rule(data=st.data())
    def match(self, data: st.DataObject) -> None:
        tickets = [
            Ticket(person.ticket, who, person.bot, person.partner)
            for who, person in self.model.of(Phase.WAITING)
        ] + self.old_tickets
        if len(tickets) < 2:
            return
        drawn = data.draw(st.lists(st.sampled_from(tickets), min_size=2, max_size=6))
        pairings = []
        for a, b in zip(drawn[::2], drawn[1::2], strict=False):
            self.model.conversations += 1
            pairings.append(Pairing(ConversationId(self.model.conversations), a, b))
        answers = self.loop.run(self.conversations.match(Epoch(self.model.leader), pairings))
        for pairing, answer in zip(pairings, answers, strict=True):
            waits = [self.waits(ticket) for ticket in (pairing.a, pairing.b)]
            if not all(waits) or pairing.a.person == pairing.b.person:
                assert (answer.a_waits, answer.b_waits) == tuple(waits)
                assert answer.events == ()
                continue
            for ticket, other in ((pairing.a, pairing.b), (pairing.b, pairing.a)):
                talk = pairing.conversation
                self.model.change(
                    ticket.person, phase=Phase.CHATTING, ticket="", conversation=talk, partner=other.person
                )
                self.old_tickets.append(ticket)
            assert [event.person for event in answer.events] == [pairing.a.person, pairing.b.person]
            self.keep(answer.events)

    @rule(data=st.data())
    def stale_leader(self, data: st.DataObject) -> None:
        self.model.leader += 1
        self.loop.run(self.client.command("SET", self.keys.match_epoch, self.model.leader))
        tickets = [Ticket(p.ticket, who, p.bot, p.partner) for who, p in self.model.of(Phase.WAITING)]
        if len(tickets) >= 2:
            pairing = Pairing(ConversationId(999), tickets[0], tickets[1])
            with pytest.raises(StaleEpoch):
                self.loop.run(self.conversations.match(Epoch(self.model.leader - 1), [pairing]))

    # --- the outbox ------------------------------------------------------------------------

    @rule(data=st.data())
    def carry(self, data: st.DataObject) -> None:
        """Some of it, some of it once more, as processes do that die in between."""
        known = self.uncarried + self.carried
        if known:
            entries = data.draw(st.lists(st.sampled_from([event.entry for event in known]), max_size=4))
            events = [event for entry in entries for event in known if event.entry == entry]
            self.loop.run(self.conversations.carry(events, NOW))
            self.forget(events)

    @rule()
    def sweep(self) -> None:
        left = self.loop.run(self.conversations.uncarried("+", 1000)).events
        assert left == sorted(self.uncarried, key=lambda event: tuple(map(int, re.split("[-:]", event.id))))
        self.loop.run(self.conversations.carry(left, NOW))
        self.forget(left)

    # --- what always holds -----------------------------------------------------------------

    @invariant()
    def the_server_agrees_about_everybody(self) -> None:
        standings = dict(zip(PEOPLE, self.loop.run(self.conversations.standings(PEOPLE)), strict=True))
        for who, standing in standings.items():
            known = self.model.people[who]
            assert (standing.phase, standing.bot, standing.ticket) == (known.phase, known.bot, known.ticket)
            assert (standing.conversation, standing.partner) == (known.conversation, known.partner)
            if known.changes:
                first = self.first_seq.setdefault(who, standing.seq - known.changes)
                assert standing.seq == first + known.changes, "every change, and nothing else, raises seq"
            if known.phase is Phase.CHATTING:
                other = standings[standing.partner]
                assert (other.partner, other.conversation, other.phase) == (
                    who,
                    known.conversation,
                    known.phase,
                )
                assert other.side == 1 - standing.side
                assert (standing.partner_bot, other.partner_bot) == (other.bot, standing.bot)

    @invariant()
    def the_server_counts_right(self) -> None:
        if self.loop.run(self.conversations.waiting_count()):  # an empty stream is waited for
            waiting = self.loop.run(self.conversations.waiting(None, 1000, block_ms=1))
        else:
            waiting = []
        assert sorted((t.person, t.id, t.last) for t in waiting) == sorted(
            (who, person.ticket, person.partner) for who, person in self.model.of(Phase.WAITING)
        )
        chatting = self.loop.run(Fleet(self.client, self.keys).chatting())
        for bot in BOTS:
            here = sum(person.bot == bot for _, person in self.model.of(Phase.CHATTING))
            assert chatting.get(bot, 0) == here

    @invariant()
    def each_event_is_in_its_stream_once(self) -> None:
        for bot in BOTS:
            want = sorted((e.person, e.standing.seq, e.change) for e in self.carried if e.bot == bot)
            inbox = Inbox(self.client, self.keys, bot)
            length = self.loop.run(inbox.look()).waiting
            entries = self.loop.run(inbox.read(START, 10_000, block_ms=1)) if length else []
            assert sorted(happening(envelopes.decode(entry.payload)) for entry in entries) == want

    # --- helpers ---------------------------------------------------------------------------

    def asker(self, person: PersonId, bot: BotId) -> Asker:
        self.model.updates += 1
        return Asker(person, bot, Epoch(self.model.shards[bot]), UpdateId(self.model.updates))

    def waits(self, ticket: Ticket) -> bool:
        known = self.model.people[ticket.person]
        return known.phase is Phase.WAITING and known.ticket == ticket.id

    def note(self, outcome: Outcome, told: list[PersonId]) -> None:
        assert [event.person for event in outcome.events] == told
        self.keep(outcome.events)

    def keep(self, events: tuple[Any, ...]) -> None:
        for event in events:
            assert event.bot == self.model.people[event.person].bot
        self.uncarried.extend(events)

    def forget(self, events: list[Any]) -> None:
        self.carried += [event for event in dict.fromkeys(events) if event not in self.carried]
        self.uncarried = [event for event in self.uncarried if event not in events]


def happening(envelope: envelopes.Envelope) -> tuple[PersonId, int, str]:
    assert isinstance(envelope.body, Happening)
    return envelope.to, envelope.body.standing.seq, envelope.body.change


def test_the_scripts_do_what_the_model_says(hasty_url: str) -> None:
    Machine.url = hasty_url
    play(Machine, 60)
