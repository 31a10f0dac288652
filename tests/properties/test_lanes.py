"""The lanes against a model: order within a chat, one at a time, nothing lost, pace kept."""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from core.domain.content import Text
from core.domain.conversation import Change, Phase, Standing
from core.domain.envelope import Envelope, Happening, Lane, Notice, Relay
from core.domain.ids import BotId, ConversationId, EntryId, MessageId, PersonId
from shard.outbound.lanes import Item, Lanes
from shard.outbound.pacing import CHAT_BURST, CHAT_INTERVAL

BURST_SECONDS = (CHAT_BURST - 1) * CHAT_INTERVAL
PEOPLE = [PersonId(n) for n in range(1, 5)]


def relay(number: int) -> Relay:
    return Relay(ConversationId(7), 0, PersonId(99), BotId(5), MessageId(number), Text(str(number)))


class LanesMachine(RuleBasedStateMachine):
    busy = Bundle("busy")

    def __init__(self) -> None:
        super().__init__()
        self.lanes = Lanes()
        self.now = 1000.0
        self.number = 0
        self.waiting: dict[PersonId, list[Item]] = {person: [] for person in PEOPLE}
        self.out: dict[PersonId, Item] = {}
        self.due: dict[PersonId, float] = dict.fromkeys(PEOPLE, float("-inf"))

    @rule(person=st.sampled_from(PEOPLE), lane=st.sampled_from(Lane))
    def push_relay(self, person: PersonId, lane: Lane) -> None:
        self.number += 1
        body = relay(self.number) if lane is Lane.RELAYED else Notice("help")
        item = Item(EntryId(f"{self.number}-0"), Envelope(1, person, lane, 0, body))
        assert self.lanes.push(item, self.now) == []
        self._place(person, item)

    @rule(person=st.sampled_from(PEOPLE), change=st.sampled_from([Change.YOU_LEFT, Change.PARTNER_LEFT]))
    def push_leaving(self, person: PersonId, change: Change) -> None:
        self.number += 1
        body = Happening(change, Standing(phase=Phase.IDLE, conversation=ConversationId(7)))
        item = Item(EntryId(f"{self.number}-0"), Envelope(1, person, Lane.INTERACTIVE, 0, body))
        void = self.lanes.push(item, self.now)
        expected = []
        if change is Change.YOU_LEFT:
            in_flight = self.out.get(person)
            expected = [
                i for i in self.waiting[person] if isinstance(i.envelope.body, Relay) and i is not in_flight
            ]
        assert void == expected
        self.waiting[person] = [i for i in self.waiting[person] if i not in expected]
        self._place(person, item)
        if change is Change.PARTNER_LEFT:
            assert self.lanes.closes(person, ConversationId(7))

    @rule(lowest=st.sampled_from(Lane))
    def take(self, lowest: Lane) -> None:
        self._take(lowest)

    def _take(self, lowest: Lane) -> None:
        item = self.lanes.take(self.now, lowest)
        ready = [
            p
            for p in PEOPLE
            if self.waiting[p]
            and self.waiting[p][0].envelope.lane <= lowest
            and p not in self.out
            and self._may_go(p)
        ]
        if item is None:
            assert not ready
            return
        person = item.envelope.to
        assert person in ready, "handed out before its time, or while another of the chat is on its way"
        assert item is self.waiting[person][0]
        assert item.envelope.lane == min(self.waiting[p][0].envelope.lane for p in ready)
        self.out[person] = item

    @rule(person=st.sampled_from(PEOPLE), sent=st.booleans())
    def done(self, person: PersonId, sent: bool) -> None:
        item = self.out.pop(person, None)
        if item is None:
            return
        self.lanes.done(item, self.now, sent=sent)
        self.waiting[person].remove(item)
        if sent:
            self.due[person] = max(self.due[person], self.now) + CHAT_INTERVAL

    @rule(person=st.sampled_from(PEOPLE), wait=st.floats(0, 5), went=st.booleans())
    def again(self, person: PersonId, wait: float, went: bool) -> None:
        item = self.out.pop(person, None)
        if item is not None:
            self.lanes.again(item, self.now, wait, went=went)
            if went:
                self.due[person] = max(self.due[person], self.now) + CHAT_INTERVAL
            self.waiting[person].remove(item)
            if item.envelope.lane is Lane.BROADCAST:
                self._place(person, item, first=True)
            else:
                self.waiting[person].insert(0, item)
            # Whoever was told to wait has no burst left afterwards.
            self.due[person] = max(self.due[person], self.now + wait + BURST_SECONDS)

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.02, 3.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def forget(self) -> None:
        self.lanes.forget_idle(self.now)

    def teardown(self) -> None:
        """Whatever happened before, all that waits goes in the end, and no later than it may."""
        while True:
            for person in list(self.out):
                self.done(person, sent=True)
            self._take(Lane.BROADCAST)
            if self.out:
                continue
            at = self.lanes.next_at()
            if at is None:
                break
            self.now = max(self.now, at)
        assert not any(self.waiting.values())

    def _place(self, person: PersonId, item: Item, *, first: bool = False) -> None:
        """Broadcasts that are not on their way stand behind everything else of the chat."""
        waiting = self.waiting[person]
        casts = [
            at
            for at, one in enumerate(waiting)
            if one.envelope.lane is Lane.BROADCAST and one is not self.out.get(person)
        ]
        at_end = not casts or (item.envelope.lane is Lane.BROADCAST and not first)
        waiting.insert(len(waiting) if at_end else casts[0], item)

    def _may_go(self, person: PersonId) -> bool:
        """By the definition of the pace, from all that was sent and told: GCRA."""
        return self.now >= self.due[person] - BURST_SECONDS - 1e-6

    @invariant()
    def counts(self) -> None:
        assert self.lanes.size == sum(len(items) for items in self.waiting.values())


TestLanes = LanesMachine.TestCase
