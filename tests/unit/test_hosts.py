"""A URL with several PostgreSQL servers, taken apart."""

import pytest

from core.state.postgres.hosts import one_each


@pytest.mark.parametrize(
    ("url", "each"),
    [
        ("postgresql://u:p@one:1/d", ["postgresql://u:p@one:1/d"]),
        ("postgres://one,two:2/d?a=b", ["postgres://one/d?a=b", "postgres://two:2/d?a=b"]),
        (
            "postgresql://u@/d?host=/run/a,/run/b",
            ["postgresql://u@/d?host=%2Frun%2Fa", "postgresql://u@/d?host=%2Frun%2Fb"],
        ),
        (
            "postgresql://u@/d?host=a,b&port=1,2",
            ["postgresql://u@/d?host=a&port=1", "postgresql://u@/d?host=b&port=2"],
        ),
    ],
)
def test_each_server_has_its_url(url: str, each: list[str]) -> None:
    assert one_each(url) == each
