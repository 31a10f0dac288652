"""What was written before the words about a conversation were shown was not meant for it."""

import pytest
from msgspec.structs import replace

from core.domain.conversation import UNTOLD, Phase, Standing
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from core.service.clock import SystemClock
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams
from shard.standings import Standings

HERE, ELSEWHERE, ME = BotId(11), BotId(22), PersonId(1)
TALK, EARLIER = ConversationId(7), ConversationId(6)


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
    [
        None,
        Standing(seq=1),
        Standing(seq=1, phase=Phase.WAITING, bot=ELSEWHERE),
        Standing(seq=1, phase=Phase.CHATTING, bot=HERE, conversation=EARLIER, words=MessageId(3)),
    ],
    ids=["a new process", "idle", "searched elsewhere", "talked with another"],
)
def test_what_an_event_or_a_script_says_means_nobody_until_redis_was_asked(
    standings: Standings, before: Standing | None
) -> None:
    """Whatever was known: it may be older than what the process before has done."""
    if before is not None:
        standings.learn(ME, before, noted=True)
    talks = Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK)
    standings.learn(ME, talks)
    assert not _meant(standings, 500)
    standings.learn(ME, replace(talks, words=MessageId(6)), noted=True)
    assert [_meant(standings, message) for message in (6, 7)] == [False, True]
    # The partner is moved: what was said is known.
    standings.learn(ME, replace(talks, seq=3, turn=1))
    assert _meant(standings, 7)


def test_what_an_older_version_has_not_noted_holds_up_nobody(standings: Standings) -> None:
    talks = Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK)
    standings.learn(ME, talks, noted=True)
    assert _meant(standings, 5)
    # But whom this process is to tell of it waits for that.
    standings.opens(ME, TALK)
    standings.learn(ME, talks, noted=True)
    assert not _meant(standings, 5)


def test_a_new_process_learns_from_redis_which_message_told_them(standings: Standings) -> None:
    told = Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK, words=MessageId(6))
    standings.learn(ME, told, noted=True)
    assert [_meant(standings, message) for message in (5, 6, 7)] == [False, False, True]


def test_a_new_process_waits_for_words_that_were_not_shown_before(
    standings: Standings,
) -> None:
    untold = Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK, words=UNTOLD)
    standings.learn(ME, untold, noted=True)
    assert not _meant(standings, 5)
    standings.opened(ME, TALK, MessageId(6))
    standings.learn(ME, untold, noted=True)
    assert [_meant(standings, message) for message in (5, 7)] == [False, True]


def test_what_another_bot_told_says_nothing_here(standings: Standings) -> None:
    elsewhere = Standing(seq=1, phase=Phase.CHATTING, bot=ELSEWHERE, conversation=TALK, words=MessageId(6))
    standings.learn(ME, elsewhere, noted=True)
    standings.learn(ME, Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK))
    assert not _meant(standings, 7)


def test_of_a_conversation_that_is_over_nothing_is_kept(standings: Standings) -> None:
    talks = Standing(seq=2, phase=Phase.CHATTING, bot=HERE, conversation=TALK, words=MessageId(6))
    standings.learn(ME, talks, noted=True)
    standings.learn(ME, Standing(seq=3, bot=HERE, conversation=TALK))
    assert not _meant(standings, 7)
    assert not standings.is_untold(ME, TALK)
