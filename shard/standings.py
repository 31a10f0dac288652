"""Who on this shard is in which conversation: a small memory over Redis.

Fed by the events that pass through this shard's stream and by the answers of scripts; asked by
inbound (where does this message go?) and outbound (may this message be shown?). It may be
behind for a moment: then inbound addresses an envelope to a conversation that is over, and the
recipient's shard turns it back. So it decides about speed only, never about who gets what.
"""

from collections import OrderedDict
from collections.abc import Iterable
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
    """Bounded; the newest `seq` of a person wins."""

    def __init__(self, conversations: Conversations, clock: Clock, bot: BotId) -> None:
        """`bot` is the one of this shard: who talks or searches there is remembered as long as it is so."""
        self._conversations = conversations
        self._clock = clock
        self._bot = bot
        self._engaged: dict[Phase, set[PersonId]] = {Phase.CHATTING: set(), Phase.WAITING: set()}
        self._known: Generations[PersonId, Standing] = Generations(KEPT_PEOPLE, KEPT_SECONDS)
        self._openings: OrderedDict[PersonId, _Opening] = OrderedDict()

    def get(self, person: PersonId) -> Standing | None:
        """What is known at once, or None."""
        return self._known.get(person, self._clock.monotonic())

    async def load(self, people: Iterable[PersonId], *, anew: Iterable[PersonId] = ()) -> None:
        """Make these people known, `anew` whatever is known, in at most one round trip. Raises RedisAway."""
        known, now = self._known, self._clock.monotonic()
        unknown = (person for person in people if known.get(person, now) is None)
        missing = list(dict.fromkeys([*anew, *unknown]))
        if missing:
            for person, standing in zip(missing, await self._conversations.standings(missing), strict=True):
                self.learn(person, standing)

    async def fresh(self, person: PersonId) -> Standing:
        """The truth from Redis. Raises RedisAway."""
        standing = (await self._conversations.standings([person]))[0]
        self.learn(person, standing)
        return standing

    def learn(self, person: PersonId, standing: Standing) -> bool:
        """Take note of a standing; False where a newer one is known already."""
        now = self._clock.monotonic()
        known = self._known.get(person, now)
        if known is not None and known.seq > standing.seq:
            return False
        self._known.put(person, standing, now)
        found = known is not None and known.phase is Phase.WAITING and known.bot == standing.bot == self._bot
        if found or (standing.words and standing.bot == self._bot):
            # The words that say so still have to come by, or Redis knows which message they were.
            self._await_words(person, standing)
            if standing.words > 0:
                self.opened(person, standing.conversation, standing.words)
        for phase, people in self._engaged.items():
            if standing.phase is phase and standing.bot == self._bot:
                people.add(person)
            else:
                people.discard(person)
        return True

    def _await_words(self, person: PersonId, standing: Standing) -> None:
        opening = self._openings.get(person)
        if standing.phase is Phase.CHATTING and (
            opening is None or opening.conversation != standing.conversation
        ):
            self.opens(person, standing.conversation)

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
        self._openings.move_to_end(person)
        if len(self._openings) > KEPT_PEOPLE:
            self._openings.popitem(last=False)

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
            return True
        return opening.words != UNTOLD and message > opening.words

    def engaged(self, phase: Phase) -> frozenset[PersonId]:
        """Who, as far as is known, talks (or searches) at the bot of this shard."""
        return frozenset(self._engaged[phase])

    def counts(self) -> tuple[int, int]:
        """How many people are known here, and how many of them are chatting."""
        return len(self._known), sum(s.phase is Phase.CHATTING for s in self._known.values())
