"""What Telegram's no says in a log: its own words, none of a person's."""

import pytest

from shard.telegram import Refused


@pytest.mark.parametrize(
    ("description", "plain"),
    [
        ("Bad Request: chat not found", "Bad Request: chat not found"),
        ('Bad Request: Unsupported start tag "said" at 0', "Bad Request: Unsupported start tag … at 0"),
        ('Bad Request: tag "a "said" b" is wrong', "Bad Request: tag … is wrong"),
        ("Bad Request: URL 'http://said' is invalid", "Bad Request: URL … is invalid"),
        ("Bad Request: wrong link https://said.org/x", "Bad Request: wrong link …"),
        ("Bad Request: @said is no user", "Bad Request: … is no user"),
    ],
)
def test_what_telegram_quotes_is_left_out(description: str, plain: str) -> None:
    error = Refused("sendMessage", 400, description)
    assert error.description == description
    assert error.plain == plain
    assert str(error) == f"sendMessage: 400 {plain}"
