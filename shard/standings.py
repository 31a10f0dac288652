"""Who on this shard is in which conversation: a small memory over Redis.

Fed by the events that pass through this shard's stream and by the answers of scripts; asked by
inbound (where does this message go?) and outbound (may this message be shown?). It may be
behind for a moment: then inbound addresses an envelope to a conversation that is over, and the
recipient's shard turns it back. So it decides about speed only, never about who gets what.

One thing no recipient's shard can see: whether a person knew of the partner when writing. So each
conversation held here has with it the number of the message that told the person of it. Events and
scripts do not say it: until Redis is asked, with the next `load`, nothing counts as meant for the partner.
"""

from collections.abc import Collection

import msgspec

from core.domain.conversation import UNTOLD, Phase, Standing, Thread
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.service.clock import Clock
from core.service.generations import Generations
from core.state.redis.conversations import Conversations

KEPT_SECONDS = 300.0
KEPT_PEOPLE = 20_000
"""Of those who do not talk here."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Standing).decode


class _Talk(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody who talks here; their standing is good for `KEPT_SECONDS` from `learned` on.

    `words` is the number of the message that told them of the conversation: UNTOLD until Telegram has
    answered, 0 where they will never be told better.
    """

    standing: Standing
    learned: float
    words: MessageId


_decode_talk = msgspec.msgpack.Decoder(_Talk).decode


class Standings:
    """The newest `seq` of a person wins. Who talks here is kept as long as they do, of others some thousands.

    All is kept encoded: a third of the memory, for half a microsecond a look.
    """

    def __init__(self, conversations: Conversations, clock: Clock, bot: BotId) -> None:
        """`bot` is the one of this shard."""
        self._conversations = conversations
        self._clock = clock
        self._bot = bot
        self._talks: dict[PersonId, bytes] = {}
        self._others: Generations[PersonId, bytes] = Generations(KEPT_PEOPLE, KEPT_SECONDS)
        self._waiting: set[PersonId] = set()
        self._now = clock.monotonic()
        """Of the last `load` or `learn`: what was loaded is not forgotten before it is looked at."""
        self._unsure: set[PersonId] = set()
        """Who talks here, and Redis may know better which message told them so."""

    def get(self, person: PersonId) -> Standing | None:
        """What is known at once, or None."""
        return self._at(person, self._now)

    def _at(self, person: PersonId, now: float) -> Standing | None:
        raw = self._talks.get(person)
        if raw is not None:
            talk = _decode_talk(raw)
            return talk.standing if now - talk.learned < KEPT_SECONDS else None
        raw = self._others.get(person, now)
        return None if raw is None else _decode(raw)

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
        known = self._at(person, now)
        if known is not None and known.seq > standing.seq:
            return False
        here = standing.bot == self._bot
        if here and standing.phase is Phase.CHATTING:
            before = self._talk(person, standing.conversation)
            if before is None:
                self._unsure.discard(person)
                if known is None or known.phase is not Phase.WAITING or known.bot != self._bot:
                    # Who did search here when last heard of is not told yet.
                    self._unsure.add(person)
            words = before.words if before is not None else UNTOLD
            if noted and (standing.words > 0 or (standing.words == 0 and person in self._unsure)):
                words = max(words, standing.words)
            self._talks[person] = _encode(_Talk(standing, now, words))
            self._others.forget(person)
        else:
            self._talks.pop(person, None)
            self._unsure.discard(person)
            self._others.put(person, _encode(standing), now)
        if here and standing.phase is Phase.WAITING:
            self._waiting.add(person)
        else:
            self._waiting.discard(person)
        if noted:
            self._unsure.discard(person)
        return True

    def _unknown(self, people: Collection[PersonId]) -> list[PersonId]:
        now = self._now = self._clock.monotonic()
        return [person for person in people if self._at(person, now) is None]

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
        talk = self._talk(person, conversation)
        if talk is not None:
            self._note(person, talk, UNTOLD)
        self._unsure.discard(person)

    def opened(self, person: PersonId, conversation: ConversationId, words: MessageId) -> None:
        """They were shown as that message; 0 where they never will be."""
        talk = self._talk(person, conversation)
        if talk is not None:
            self._note(person, talk, max(talk.words, words))

    def _note(self, person: PersonId, talk: _Talk, words: MessageId) -> None:
        self._talks[person] = _encode(msgspec.structs.replace(talk, words=words))

    def is_untold(self, person: PersonId, conversation: ConversationId) -> bool:
        """Whether the words that tell the person of this conversation are not known to have been shown."""
        talk = self._talk(person, conversation)
        return talk is not None and talk.words == UNTOLD

    def is_meant(self, person: PersonId, conversation: ConversationId, message: MessageId) -> bool:
        """Whether the person knew of this conversation when writing that message."""
        talk = self._talk(person, conversation)
        return talk is not None and talk.words != UNTOLD and message > talk.words

    def _talk(self, person: PersonId, conversation: ConversationId) -> _Talk | None:
        """Theirs, where it is in this conversation as far as is known."""
        raw = self._talks.get(person)
        if raw is None:
            return None
        talk = _decode_talk(raw)
        return talk if talk.standing.conversation == conversation else None

    def chatting(self) -> frozenset[PersonId]:
        """Who, as far as is known, talks at the bot of this shard."""
        return frozenset(self._talks)

    def searching(self) -> frozenset[PersonId]:
        """Who, as far as is known, searches at the bot of this shard."""
        return frozenset(self._waiting)

    def counts(self) -> tuple[int, int]:
        """How many people are known here, and how many of them are chatting here."""
        return len(self._others) + len(self._talks), len(self._talks)
