"""What was written before the words about a conversation were shown was not meant for it."""

import pytest

from core.domain.conversation import UNTOLD, Phase, Standing
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.service.clock import SystemClock
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams
from shard.standings import Standings

HERE, ELSEWHERE, ME, TALK = BotId(11), BotId(22), PersonId(1), ConversationId(7)


@pytest.fixture
def standings() -> Standings:
    client, keys = RedisClient("redis://127.0.0.1:1"), Keys("never-asked:")
    return Standings(Conversations(client, keys, Streams(client, keys)), SystemClock(), HERE)


def _meant(standings: Standings, message: int) -> bool:
    return standings.is_meant(ME, TALK, MessageId(message))


def test_who_found_a_partner_is_waited_for_until_the_words_are_shown(standings: Standings) -> None:
    """The answer of a script, or Redis, may know of the conversation before its event comes by."""
    standings.learn(ME, Standing(seq=1, phase=Phase.WAITING, bot=HERE))
    standings.learn(ME, Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK))
    assert not _meant(standings, 5)
    standings.opened(ME, TALK, MessageId(6))
    assert [_meant(standings, message) for message in (5, 6, 7)] == [False, False, True]
    standings.learn(ME, Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK))
    assert _meant(standings, 7)


@pytest.mark.parametrize(
    "before",
    [None, Standing(seq=1), Standing(seq=1, phase=Phase.WAITING, bot=ELSEWHERE)],
    ids=["a new process", "idle", "searched elsewhere"],
)
def test_whose_words_may_not_come_by_here_is_not_waited_for(
    standings: Standings, before: Standing | None
) -> None:
    if before is not None:
        standings.learn(ME, before)
    standings.learn(ME, Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK))
    assert _meant(standings, 5)


def test_a_new_process_learns_from_redis_which_message_told_them(standings: Standings) -> None:
    told = Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK, words=MessageId(6))
    standings.learn(ME, told)
    assert [_meant(standings, message) for message in (5, 6, 7)] == [False, False, True]


def test_a_new_process_waits_for_words_that_were_not_shown_before(
    standings: Standings,
) -> None:
    untold = Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK, words=UNTOLD)
    standings.learn(ME, untold)
    assert not _meant(standings, 5)
    standings.opened(ME, TALK, MessageId(6))
    standings.learn(ME, untold)
    assert [_meant(standings, message) for message in (5, 7)] == [False, True]


def test_nobody_is_waited_for_whose_words_will_never_be_shown(standings: Standings) -> None:
    standings.opens(ME, TALK)
    standings.opened(ME, TALK, MessageId(0))
    assert _meant(standings, 5)


def test_what_another_bot_told_says_nothing_here(standings: Standings) -> None:
    standings.learn(ME, Standing(phase=Phase.CHATTING, bot=ELSEWHERE, conversation=TALK, words=UNTOLD))
    standings.learn(ME, Standing(seq=1, phase=Phase.CHATTING, bot=HERE, conversation=TALK))
    assert _meant(standings, 5)
