"""Who wants files to be sent that may name their maker: asked once a conversation.

Kept in this process alone: after a restart people are asked once more.
"""

from collections import OrderedDict

from core.domain.conversation import Standing
from core.domain.ids import ConversationId

REMEMBERED = 10_000


class Agreements:
    """Sides of conversations. Bounded; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[ConversationId, int], None] = OrderedDict()

    def give(self, standing: Standing) -> None:
        """This side of the conversation has agreed."""
        self._given[standing.conversation, standing.side] = None
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)

    def given(self, standing: Standing) -> bool:
        """Whether it has."""
        return (standing.conversation, standing.side) in self._given
