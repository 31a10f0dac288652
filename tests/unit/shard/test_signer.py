"""Files are handed out to shards of this network only, also while its key is changed."""

from core.service.clock import SystemClock
from shard.files import Signer

OLD, NEW = "o" * 32, "n" * 32


def test_what_an_older_key_signed_is_still_known() -> None:
    clock = SystemClock()
    signed = Signer(clock, OLD).sign("file")
    assert Signer(clock, NEW, OLD).holds("file", signed)
    assert not Signer(clock, NEW).holds("file", signed)
    assert not Signer(clock, NEW, OLD).holds("another", signed)


def test_only_the_newest_key_signs() -> None:
    clock = SystemClock()
    assert Signer(clock, NEW, OLD).sign("file") == Signer(clock, NEW).sign("file")
