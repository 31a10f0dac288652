"""Where others find a process that listens everywhere."""

import socket

import pytest

from core.service.address import reachable


@pytest.mark.parametrize(
    ("listen", "towards", "found"),
    [
        ("127.0.0.1", "redis://elsewhere:6379/0", "127.0.0.1"),
        ("::1", "redis://elsewhere:6379/0", "[::1]"),
        ("0.0.0.0", "redis://:secret@127.0.0.1:6379/0", "127.0.0.1"),
        ("0.0.0.0", "redis+sentinel://:secret@127.0.0.1:1,127.0.0.2/name/0", "127.0.0.1"),
        ("0.0.0.0", "unix:///run/redis.sock", socket.gethostname()),
        ("::", "redis://[no host", socket.gethostname()),
    ],
)
def test_an_address_is_one_that_others_can_use(listen: str, towards: str, found: str) -> None:
    assert reachable(listen, towards) == found
