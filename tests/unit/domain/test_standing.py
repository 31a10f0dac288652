"""What follows from a standing and from a person's row."""

import math

import pytest

from core.domain.conversation import Phase, Standing
from core.domain.errors import LeaseTaken, StaleEpoch
from core.domain.ids import ConversationId, Epoch, PersonId, UpdateId
from core.domain.person import Person


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("conversation", [7, 8])
def test_who_talks_is_chatting_in_that_conversation(phase: Phase, conversation: int) -> None:
    standing = Standing(phase=phase, conversation=ConversationId(7))
    talks = standing.talks_in(ConversationId(conversation))
    assert talks is (phase is Phase.CHATTING and conversation == 7)


@pytest.mark.parametrize(
    ("update", "after"),
    [(501, False), (500, False), (499, True), (1, True), (500 - 99_999, True), (500 - 100_000, False)],
)
def test_a_standing_comes_after_the_updates_worked_through_before(update: int, after: bool) -> None:
    assert Standing(asked=UpdateId(500)).comes_after(UpdateId(update)) is after


@pytest.mark.parametrize(
    ("until", "banned"), [(0.0, False), (99.0, False), (100.0, False), (100.5, True), (math.inf, True)]
)
def test_a_ban_holds_until_its_end(until: float, banned: bool) -> None:
    assert Person(PersonId(1), banned_until=until).banned(100.0) is banned


def test_errors_say_what_an_operator_has_to_know() -> None:
    stale, taken = StaleEpoch("bot 7", Epoch(3)), LeaseTaken("bot 7", "host:12", 900)
    assert (stale.name, stale.epoch) == ("bot 7", 3)
    assert str(stale) == "bot 7: epoch 3 is no longer the newest, this process owns it no more"
    assert (taken.name, taken.holder, taken.wait_ms) == ("bot 7", "host:12", 900)
    assert str(taken) == "bot 7 is already served by host:12; its lease runs for another 900 ms"
