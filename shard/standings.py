"""Who on this shard is in which conversation: a small memory over Redis.

Fed by the events that pass through this shard's stream and by the answers of scripts; asked by
inbound (where does this message go?) and outbound (may this message be shown?). It may be
behind for a moment: then inbound addresses an envelope to a conversation that is over, and the
recipient's shard turns it back. So it decides about speed only, never about who gets what.

One thing no recipient's shard can see: whether a person knew of the partner when writing. So each
conversation held here has its opening, the number of the message that told the person of it. Events and
scripts do not say it: until Redis is asked, with the next `load`, nothing counts as meant for the partner.
"""

from collections.abc import Collection
from dataclasses import dataclass

from core.domain.conversation import UNTOLD, Phase, Standing, Thread
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.service.clock import Clock
from core.service.generations import Generations
from core.state.redis.conversations import Conversations

KEPT_SECONDS = 300.0
KEPT_PEOPLE = 50_000


@dataclass(slots=True)
class _Opening:
    """A conversation that a person is told of; `words` is the number of the message that said so.

    UNTOLD until Telegram has answered; 0 where they will never be told better.
    """

    conversation: ConversationId
    words: MessageId = UNTOLD


class Standings:
    """The newest `seq` of a person wins. Standings are bounded; openings are those of who talks here."""

    def __init__(self, conversations: Conversations, clock: Clock, bot: BotId) -> None:
        """`bot` is the one of this shard: who talks or searches there is remembered as long as it is so."""
        self._conversations = conversations
        self._clock = clock
        self._bot = bot
        self._engaged: dict[Phase, set[PersonId]] = {Phase.CHATTING: set(), Phase.WAITING: set()}
        self._known: Generations[PersonId, Standing] = Generations(KEPT_PEOPLE, KEPT_SECONDS)
        self._now = clock.monotonic()
        """Of the last `load` or `learn`: what was loaded is not forgotten before it is looked at."""
        self._openings: dict[PersonId, _Opening] = {}
        self._unsure: set[PersonId] = set()
        """Whose opening Redis may know better."""

    def get(self, person: PersonId) -> Standing | None:
        """What is known at once, or None."""
        return self._known.get(person, self._now)

    async def load(self, people: Collection[PersonId]) -> None:
        """Make these people known, in one round trip where somebody is not. Raises RedisAway."""
        missing = self._unknown(people)
        if self._unsure:
            missing += self._unsure.intersection(people).difference(missing)
        while missing:
            for person, standing in zip(missing, await self._conversations.standings(missing), strict=True):
                self.learn(person, standing, noted=True)
            # Meanwhile others may have been forgotten.
            missing = self._unknown(people)

    async def fresh(self, person: PersonId) -> Standing:
        """The truth from Redis. Raises RedisAway."""
        standing = (await self._conversations.standings([person]))[0]
        self.learn(person, standing, noted=True)
        return standing

    def learn(self, person: PersonId, standing: Standing, *, noted: bool = False) -> bool:
        """Take note of a standing; False where a newer one is known already.

        `noted`: Redis says so, and with it what is noted of the words; nobody else knows of those.
        """
        now = self._now = self._clock.monotonic()
        known = self._known.get(person, now)
        if known is not None and known.seq > standing.seq:
            return False
        self._known.put(person, standing, now)
        here = standing.bot == self._bot
        for phase, people in self._engaged.items():
            if here and standing.phase is phase:
                people.add(person)
            else:
                people.discard(person)
        opening = self._openings.get(person)
        if opening is None or not standing.talks_in(opening.conversation):
            self._openings.pop(person, None)
            self._unsure.discard(person)
            if here and standing.phase is Phase.CHATTING:
                self.opens(person, standing.conversation)
                if known is None or known.phase is not Phase.WAITING or known.bot != self._bot:
                    # Who did search here when last heard of is not told yet.
                    self._unsure.add(person)
        if noted:
            if here and (standing.words > 0 or (standing.words == 0 and person in self._unsure)):
                self.opened(person, standing.conversation, standing.words)
            self._unsure.discard(person)
        return True

    def _unknown(self, people: Collection[PersonId]) -> list[PersonId]:
        known, now = self._known, self._clock.monotonic()
        self._now = now
        return [person for person in people if known.get(person, now) is None]

    def thread(self, person: PersonId, conversation: ConversationId, source: BotId) -> Thread | None:
        """Between which chats the person's conversation goes on.

        None for what the partner did at a `source` that they have left: its numbers mean nothing any more.
        """
        known = self.get(person)
        if known is None or known.conversation != conversation:
            return Thread(conversation)
        return known.thread if known.partner_bot == source else None

    def opens(self, person: PersonId, conversation: ConversationId) -> None:
        """The words that tell the person of this conversation wait to be sent."""
        self._openings[person] = _Opening(conversation)
        self._unsure.discard(person)

    def opened(self, person: PersonId, conversation: ConversationId, words: MessageId) -> None:
        """They were shown as that message; 0 where they never will be."""
        opening = self._openings.get(person)
        if opening is not None and opening.conversation == conversation:
            opening.words = max(opening.words, words)

    def is_untold(self, person: PersonId, conversation: ConversationId) -> bool:
        """Whether the words that tell the person of this conversation are not known to have been shown."""
        opening = self._openings.get(person)
        return opening is not None and opening.conversation == conversation and opening.words == UNTOLD

    def is_meant(self, person: PersonId, conversation: ConversationId, message: MessageId) -> bool:
        """Whether the person knew of this conversation when writing that message."""
        opening = self._openings.get(person)
        if opening is None or opening.conversation != conversation:
            return False
        return opening.words != UNTOLD and message > opening.words

    def engaged(self, phase: Phase) -> frozenset[PersonId]:
        """Who, as far as is known, talks (or searches) at the bot of this shard."""
        return frozenset(self._engaged[phase])

    def counts(self) -> tuple[int, int]:
        """How many people are known here, and how many of them are chatting."""
        return len(self._known), sum(s.phase is Phase.CHATTING for s in self._known.values())
