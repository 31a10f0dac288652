"""What a refusal means for each kind of thing that was wanted."""

import pytest

from core.domain.content import Text
from core.domain.conversation import Change, Standing
from core.domain.envelope import Amend, Happening, Notice, React, Relay, Remove, Unsend
from core.domain.ids import BotId, ConversationId, MessageId, PersonId
from shard.outbound import refusals
from shard.telegram import Refused

COMMON = (ConversationId(1), 0, PersonId(2), BotId(3), MessageId(4))
RELAY, AMEND, REACT = Relay(*COMMON, Text("x")), Amend(*COMMON, Text("x")), React(*COMMON)
UNSEND, REMOVE = Unsend(*COMMON, MessageId(5)), Remove((MessageId(1),))


def refused(words: str) -> Refused:
    return Refused("sendMessage", 400, words)


def test_what_is_mirrored_has_words_of_its_own() -> None:
    assert refusals.words_for(refused("message is too long"), AMEND) == "edit_not_mirrored"
    assert refusals.words_for(refused("whatever"), REACT) == "reaction_not_mirrored"
    assert refusals.words_for(refused("whatever"), UNSEND) == "unsend_gone"


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("Bad Request: VOICE_MESSAGES_FORBIDDEN", "not_delivered_voice"),
        ("Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN", "not_delivered_privacy"),
        ("Bad Request: MEDIA_CAPTION_TOO_LONG", "not_delivered_too_long"),
        ("Bad Request: MESSAGE_TOO_LONG", "not_delivered_too_long"),
        ("Request Entity Too Large", "not_delivered_too_big"),
        ("Bad Request: PHOTO_INVALID_DIMENSIONS", "not_delivered_too_big"),
        ("Bad Request: something", "not_delivered_refused"),
    ],
)
def test_a_relayed_message_is_spoken_of_by_its_reason(words: str, key: str) -> None:
    assert refusals.words_for(refused(words), RELAY) == key


@pytest.mark.parametrize(
    ("words", "strange"),
    [
        ("Bad Request: wrong file identifier/HTTP URL specified", True),
        ("Bad Request: wrong remote file identifier", True),
        ("Bad Request: wrong file_id", True),
        ("Bad Request: FILE_REFERENCE_EXPIRED", True),
        ("Bad Request: chat not found", False),
    ],
)
def test_a_file_id_that_telegram_does_not_know(words: str, strange: bool) -> None:
    assert refusals.strange_file(refused(words)) is strange


def test_only_a_removal_may_come_too_late() -> None:
    late = refused("Bad Request: message can't be deleted for everyone")
    assert refusals.harmless(late, REMOVE)
    assert not refusals.harmless(late, AMEND)
    assert not refusals.harmless(late, RELAY)


def test_what_telegram_counts_as_a_message() -> None:
    happening = Happening(Change.MATCHED, Standing())
    assert [refusals.is_message(one) for one in (RELAY, AMEND, Notice("help"), happening)] == [True] * 4
    assert [refusals.is_message(one) for one in (REACT, UNSEND, REMOVE)] == [False] * 3
