"""What is said of bytes that are no envelope: how many, and why, but nothing of what is in them."""

import msgspec
import pytest

from core.domain.envelope import VERSION, Envelope, Lane, Notice, decode, encode
from core.domain.errors import UnreadableEnvelope
from core.domain.ids import PersonId

GOOD = Envelope(VERSION, PersonId(1), Lane.INTERACTIVE, 5, Notice("help"))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "an entry of 0 bytes is no envelope: DecodeError"),
        (b"secret", "an entry of 6 bytes is no envelope: ValidationError"),
        (msgspec.msgpack.encode([1, "secret"]), "an entry of 9 bytes is no envelope: ValidationError"),
    ],
)
def test_what_is_no_envelope_is_said_without_its_words(raw: bytes, words: str) -> None:
    with pytest.raises(UnreadableEnvelope) as refused:
        decode(raw)
    assert str(refused.value) == words
    assert refused.value.__suppress_context__


def test_a_newer_version_is_named_with_ours() -> None:
    newer = msgspec.structs.replace(GOOD, version=VERSION + 1)
    with pytest.raises(UnreadableEnvelope) as refused:
        decode(encode(newer))
    assert str(refused.value) == f"an envelope of version {VERSION + 1}; this process reads {VERSION}"
    assert decode(encode(GOOD)) == GOOD
