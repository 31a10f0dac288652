"""What is put aside: sealed, bounded, shown without its words, replayed once."""

import pytest

from core.domain.content import Text
from core.domain.envelope import VERSION, Envelope, Lane, Relay, encode
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, ConversationId, Epoch, MessageId, PersonId
from core.state.redis import poison
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.poison import Kind, PoisonBox, PoisonCipher, Unopened, shape, wordless
from core.state.redis.streams import START, Append, Inbox, Source, Streams
from tests.harness.waiting import until

HERE = BotId(11)
OWNER = Epoch(3)
NOW = 1_700_000_000_000
SECRET_WORDS = "meet me at the pier"


@pytest.fixture
async def inbox(client: RedisClient, keys: Keys) -> Inbox:
    await client.command("SET", keys.epoch(HERE), OWNER)
    return Inbox(client, keys, HERE)


def box(client: RedisClient, keys: Keys, secret: str = "one") -> PoisonBox:
    return PoisonBox(client, keys, HERE, PoisonCipher(secret))


async def test_an_entry_is_put_aside_once_and_comes_back_when_replayed(
    client: RedisClient, keys: Keys, inbox: Inbox
) -> None:
    await Streams(client, keys).append(
        Source("22", Epoch(1)), [Append(HERE, "1", SECRET_WORDS.encode())], NOW
    )
    (entry,) = await inbox.read(START, 10, block_ms=1)
    mine = box(client, keys)
    for epoch in (OWNER - 1, OWNER + 1):
        with pytest.raises(StaleEpoch):
            await mine.take_out(Epoch(epoch), entry.id, entry.payload, "unreadable")
    for _ in range(2):
        await mine.take_out(OWNER, entry.id, entry.payload, "unreadable")
    assert (await inbox.look())[:2] == (0, 0)
    raw = await client.command("XRANGE", keys.poison(HERE), "-", "+")
    assert SECRET_WORDS.encode() not in repr(raw).encode()
    (one,) = await mine.all()
    assert (one.kind, one.why, one.size, one.whole) == (Kind.ENVELOPE, "unreadable", 19, True)
    with pytest.raises(Unopened):
        PoisonCipher("two").open(one)
    assert PoisonCipher("two", "one").open(one) == SECRET_WORDS.encode(), "an older key still opens"
    await mine.replay(one)
    await mine.replay(one)
    assert [e.payload for e in await inbox.read(START, 10, block_ms=1)] == [SECRET_WORDS.encode()]
    assert await mine.all() == []


async def test_an_update_that_is_replayed_waits_for_the_shard(client: RedisClient, keys: Keys) -> None:
    mine = box(client, keys)
    await mine.keep(b'{"update_id": 1}', "why")
    (one,) = await mine.all()
    await mine.replay(one)
    ((entry, content),) = await mine.replayed(10)
    assert content == b'{"update_id": 1}'
    await mine.taken_in([entry])
    assert await mine.replayed(10) == []


async def test_what_lies_aside_is_bounded_in_number_size_and_time(
    client: RedisClient, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poison, "KEPT", 5)
    mine = box(client, keys)
    for number in range(8):
        await mine.keep(b"x" * (number + 1), "why")
    await mine.keep(bytes(poison.LARGEST + 1), "why")
    kept = await mine.all()
    assert [one.size for one in kept] == [5, 6, 7, 8, poison.LARGEST + 1]
    assert not kept[-1].whole
    assert 0 < await client.command("PTTL", keys.poison(HERE)) <= poison.KEPT_MS
    monkeypatch.setattr(poison, "KEPT_MS", 1)
    await client.command("PERSIST", keys.poison(HERE))
    written = int(kept[-1].id.partition("-")[0])

    async def is_over() -> bool:
        seconds, micros = await client.command("TIME")
        return int(seconds) * 1000 + int(micros) // 1000 > written + poison.KEPT_MS

    await until(is_over, 5, "the time of what was put aside to be over")
    await mine.keep(b"new", "why")
    assert len(await mine.all()) <= 1
    await mine.drop(kept[-1])


def test_a_shape_and_a_reason_hold_nothing_that_was_written() -> None:
    body = Relay(ConversationId(1), 0, PersonId(5), HERE, MessageId(7), Text(SECRET_WORDS))
    content = encode(Envelope(VERSION, PersonId(6), Lane.RELAYED, NOW, body))
    assert f"str of {len(SECRET_WORDS)}" in str(shape(content, Kind.ENVELOPE))
    assert "pier" not in str(shape(content, Kind.ENVELOPE))
    update = b'{"update_id": 5, "message": {"text": "meet me at the pier"}}'
    assert shape(update, Kind.UPDATE) == {"update_id": "int", "message": {"text": "str of 19"}}
    for bad in (b"", b"[" * 100_000, b"\xc1\xff", b'{"x": "\xff'):
        for kind in Kind:
            assert isinstance(shape(bad, kind), str | list | dict)
    assert "pier" not in wordless(f"Invalid enum value '{SECRET_WORDS}' - at `$.{SECRET_WORDS}`")
