"""The form of a seal lies in people's chats for years: whoever changes it makes all their buttons old."""

import pytest

from core.domain.ids import BotId, PersonId
from core.domain.seal import Seal, unsealed

BUTTON = "menu:find-1SeW0-GbotRxM05ls"
LINK = "stay-1B7wjodN6P5B9kWA0"


def test_seals_of_today_are_those_of_yesterday() -> None:
    seal = Seal(BotId(7), "s" * 32)
    assert seal.button(PersonId(5), "menu:find") == BUTTON
    assert seal.link(BotId(8), PersonId(5), "stay") == LINK
    assert seal.pressed(PersonId(5), BUTTON) == unsealed(BUTTON) == "menu:find"
    assert Seal(BotId(8), "s" * 32).followed(PersonId(5), LINK) == "stay"


@pytest.mark.parametrize("payload", ["", "a b", "a:b", "ü", "a\n"])
def test_a_link_takes_what_telegram_takes(payload: str) -> None:
    with pytest.raises(AssertionError, match="Telegram takes nothing else"):
        Seal(BotId(7), "s" * 32).link(BotId(8), PersonId(5), payload)


def test_what_no_text_can_be_is_no_seal() -> None:
    assert Seal(BotId(7), "s" * 32).pressed(PersonId(5), "\ud800" * 20) is None
