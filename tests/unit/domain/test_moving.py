"""What a standing keeps when its person is served by another bot."""

import msgspec
import pytest

from core.domain.conversation import UNTOLD, Phase, Standing
from core.domain.ids import BotId, ConversationId, MessageId, PersonId, UpdateId
from core.domain.moving import settled

BEFORE, HOME = BotId(11), BotId(22)


@pytest.mark.parametrize("words", [UNTOLD, MessageId(40)])
@pytest.mark.parametrize("phase", [Phase.CHATTING, Phase.WAITING])
def test_what_the_bot_before_was_asked_and_said_means_nothing_at_another(phase: Phase, words: int) -> None:
    """Else what is written there, where numbers are smaller, would count as written before the match."""
    standing = Standing(
        seq=3,
        phase=phase,
        bot=BEFORE,
        conversation=ConversationId(7),
        partner=PersonId(2),
        asked=UpdateId(500),
        turn=1,
        words=MessageId(words),
    )
    fresh = {"bot": HOME, "turn": 2, "asked": UpdateId(0), "words": MessageId(0)}
    assert settled(standing, HOME) == msgspec.structs.replace(standing, **fresh)


def test_who_does_nothing_stays_as_they_are() -> None:
    standing = Standing(seq=3, bot=BEFORE, asked=UpdateId(500), words=MessageId(40))
    assert settled(standing, HOME) is standing
