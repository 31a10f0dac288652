"""Old and new processes read each other's envelopes: what stands in the streams only ever grows at its ends.

`before.json` is what the version before wrote, and how its records were built. It was made once and is
not edited: a release that is no longer upgraded from takes its file along when it goes.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.domain.envelope import VERSION, Envelope, Relay, decode, encode
from core.domain.errors import UnreadableEnvelope
from tests.integration.upgrade.records import described

BEFORE: dict[str, Any] = json.loads((Path(__file__).parent / "before.json").read_text())
SAMPLES = {one["name"]: bytes.fromhex(one["hex"]) for one in BEFORE["envelopes"]}
RECORDS = described(Envelope)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_the_version_before_wrote_is_read_and_written_as_it_was(name: str) -> None:
    plain, again = (
        msgspec.msgpack.decode(SAMPLES[name]),
        msgspec.msgpack.decode(encode(decode(SAMPLES[name]))),
    )
    assert _is_grown(plain, again), (plain, again)


@pytest.mark.parametrize("name", BEFORE["records"])
def test_a_record_has_only_grown_at_its_end(name: str) -> None:
    """So the version before, which ignores what it does not know at the end, reads what we write."""
    then, now = BEFORE["records"][name], RECORDS[name]
    if "words" in then:
        assert set(then["words"]) <= set(now["words"])
        return
    assert (then["tag"], then["list"]) == (now["tag"], now["list"])
    old, new = then["fields"], now["fields"]
    for (name_then, types_then, _), (name_now, types_now, _) in zip(old, new, strict=False):
        assert name_then == name_now
        assert set(types_then) <= set(types_now), name_now
    assert len(new) >= len(old)
    assert not any(required for _, _, required in new[len(old) :])


def test_the_version_of_envelopes_is_one_that_the_version_before_reads() -> None:
    assert BEFORE["version"] == VERSION


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_newer_version_adds_at_the_ends_is_passed_over(name: str) -> None:
    newer = _with_more(msgspec.msgpack.decode(encode(decode(SAMPLES[name]))))
    assert decode(msgspec.msgpack.encode(newer)) == decode(SAMPLES[name])


def test_what_cannot_be_known_yet_is_unreadable_and_not_something_else() -> None:
    """Put aside, and replayed when this process is of the newer version too."""
    version, to, lane, at, body = msgspec.msgpack.decode(SAMPLES["plain relay"])
    for strange in (
        [VERSION + 1, to, lane, at, body],
        [version, to, lane, at, ["kind of the future", 1, 2]],
        [version, to, lane, at, [*body[:6], ["content of the future", 1], *body[7:]]],
        [version, to, 9, at, body],
    ):
        with pytest.raises(UnreadableEnvelope):
            decode(msgspec.msgpack.encode(strange))
    assert isinstance(decode(SAMPLES["plain relay"]).body, Relay)


def _with_more(plain: list[Any]) -> list[Any]:
    """A field more at the end of the envelope, of its body and of the content."""
    version, to, lane, at, body = plain
    contents = {
        RECORDS[name]["tag"] for name in ("Text", "Media", "Poll", "Dice", "Location", "Venue", "Contact")
    }
    grown = [
        [*part, {"from": "the future"}]
        if isinstance(part, list) and part and str(part[0]) in contents
        else part
        for part in body
    ]
    return [version, to, lane, at, [*grown, "from the future"], {"from": "the future"}]


def _is_grown(then: Any, now: Any) -> bool:
    """Whether `now` says what `then` did, with more at the ends of its lists."""
    if isinstance(then, list) and isinstance(now, list):
        return len(now) >= len(then) and all(map(_is_grown, then, now))
    return bool(then == now)
