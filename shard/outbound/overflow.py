"""What stays in the stream for now, because its chat's lane holds enough. Pure.

A chat takes one message a second, and none while Telegram holds it. Two who write and ask without end, or
one chat that is held for long, would fill the window with what cannot go, and nobody else's messages would be
read any more. So a lane holds only so much of a chat; the rest is fetched when half of that has gone.

Invariant: what comes for a chat comes into its lane in the order of the stream: while one entry stays, all
later ones stay. Two kinds stand outside of that order: that the person has left, which makes void what waits
for them, and broadcasts, which let all others go first.
"""

from core.domain.envelope import Cast, Envelope, Happening
from core.domain.ids import EntryId, PersonId, order
from shard.outbound.lanes import PARTNER_GONE, SELF_LEFT, Lanes

CHAT_MOST = 64
"""Entries of one chat in its lane: a minute's, and several albums."""


class Overflow:
    """The chats of which more lies in the stream, each with the entry up to which its lane has all."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._upto: dict[PersonId, EntryId] = {}

    def __len__(self) -> int:
        return len(self._upto)

    def stays(self, envelope: Envelope, before: EntryId) -> bool:
        """Whether the entry that was read now, next after `before`, is left in the stream."""
        person, body = envelope.to, envelope.body
        if person not in self._upto and self._lanes.depth(person) < CHAT_MOST:
            return False
        if at_once(envelope):
            return False
        self._upto.setdefault(person, before)
        if isinstance(body, Happening) and body.change in PARTNER_GONE:
            self._lanes.will_close(person, body.standing.conversation)
        return True

    def due(self) -> dict[PersonId, EntryId]:
        """Those whose lane has room again, each with the entry after which theirs are to be fetched."""
        return {p: upto for p, upto in self._upto.items() if self._lanes.depth(p) <= CHAT_MOST // 2}

    def has_room(self, person: PersonId) -> bool:
        """Whether the lane takes one more."""
        return self._lanes.depth(person) < CHAT_MOST

    def reached(self, person: PersonId, entry: EntryId) -> None:
        """All of this person's up to that entry are in the lane, or done."""
        if order(entry) > order(self._upto[person]):
            self._upto[person] = entry

    def over(self, person: PersonId) -> None:
        """All that was read is."""
        del self._upto[person]


def at_once(envelope: Envelope) -> bool:
    """Whether it never stays."""
    body = envelope.body
    return isinstance(body, Cast) or (isinstance(body, Happening) and body.change in SELF_LEFT)
