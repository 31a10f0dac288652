"""What a standing, and what waits for its person, keeps when another bot serves them."""

import msgspec
import pytest

from core.domain.content import Text
from core.domain.conversation import UNTOLD, Change, Phase, Standing
from core.domain.envelope import (
    VERSION,
    Amend,
    Cast,
    Envelope,
    Happening,
    Lane,
    Notice,
    React,
    Relay,
    Remove,
    Unsend,
)
from core.domain.ids import BotId, BroadcastId, ConversationId, MessageId, PersonId, UpdateId
from core.domain.moving import rehomed, settled, turned_back

Body = Relay | Notice | Happening | Amend | React | Unsend | Remove | Cast

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


RELAY = Relay(
    *(ConversationId(7), 1, PersonId(2), BEFORE, MessageId(40), Text("hello"), MessageId(30)),
    reply_own=True,
    quote="hel",
    reply_there=MessageId(29),
)
AMEND = Amend(ConversationId(7), 1, PersonId(2), BEFORE, MessageId(40), Text("hallo"))
REACT = React(ConversationId(7), 1, PersonId(2), BEFORE, MessageId(40), "👍", there=MessageId(29))
UNSEND = Unsend(ConversationId(7), 1, PersonId(2), BEFORE, MessageId(40), MessageId(41))
NOTICE = Notice("help", {"a": "b"}, MessageId(30))
CAST = Cast(BroadcastId(3), BEFORE, Text("to all"), paid=True)
TALKS = Standing(seq=3, phase=Phase.CHATTING, bot=BEFORE, conversation=ConversationId(7), words=MessageId(40))


def envelope(body: Body) -> Envelope:
    return Envelope(VERSION, PersonId(1), Lane.RELAYED, 5, body)


@pytest.mark.parametrize(
    ("body", "there"),
    [
        (RELAY, msgspec.structs.replace(RELAY, reply_there=None)),
        (REACT, msgspec.structs.replace(REACT, there=None)),
        (NOTICE, msgspec.structs.replace(NOTICE, reply_to=None)),
        (Happening(Change.MATCHED, TALKS), Happening(Change.MATCHED, settled(TALKS, HOME))),
        *((body, body) for body in (AMEND, UNSEND, CAST)),
    ],
)
def test_at_another_bot_it_is_the_same_without_what_names_a_message_of_the_chat_before(
    body: Body, there: Body
) -> None:
    assert rehomed(envelope(body), HOME) == envelope(there)


def test_what_is_about_nothing_but_the_chat_before_does_not_go() -> None:
    assert rehomed(envelope(Remove((MessageId(30),))), HOME) is None


@pytest.mark.parametrize("body", [RELAY, AMEND, REACT, UNSEND])
def test_its_writer_is_told_about_that_message_where_it_was_written(body: Relay | Amend | React) -> None:
    said = Notice("not_delivered_over", {}, MessageId(40))
    told = Envelope(VERSION, PersonId(2), Lane.INTERACTIVE, 99, said)
    assert turned_back(envelope(body), "not_delivered_over", 99) == (BEFORE, told)


@pytest.mark.parametrize("body", [NOTICE, Happening(Change.MATCHED, TALKS), Remove((MessageId(30),)), CAST])
def test_nobody_is_told_of_what_nobody_wrote(body: Body) -> None:
    assert turned_back(envelope(body), "not_delivered_over", 99) is None
