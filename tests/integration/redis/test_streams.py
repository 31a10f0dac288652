"""Appending once, reading by cursor, settling: against a real server."""

import pytest

from core.domain.envelope import VERSION, Envelope, Lane, Notice, encode
from core.domain.errors import BotMoving, StaleEpoch
from core.domain.ids import BotId, EntryId, Epoch, PersonId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.streams import (
    MOVES_FOLLOWED,
    SEEN_KEPT,
    START,
    Append,
    Inbox,
    InboxFull,
    Source,
    Streams,
)

HERE, THERE = BotId(11), BotId(22)
NOW = 1_700_000_000_000
OWNER = Epoch(3)


@pytest.fixture
def streams(client: RedisClient, keys: Keys) -> Streams:
    return Streams(client, keys)


@pytest.fixture
async def inbox(client: RedisClient, keys: Keys) -> Inbox:
    await client.command("SET", keys.epoch(HERE), OWNER)
    return Inbox(client, keys, HERE)


def source(epoch: int = 1, name: str = "22") -> Source:
    return Source(name, Epoch(epoch))


def to(bot: BotId, *members: int) -> list[Append]:
    return [Append(bot, str(member), f"payload {member}".encode()) for member in members]


async def payloads(inbox: Inbox, after: EntryId = START, count: int = 10_000) -> list[str]:
    return [entry.payload.decode() for entry in await inbox.read(after, count, block_ms=1)]


async def test_a_batch_comes_in_order_to_each_destination(
    client: RedisClient, keys: Keys, streams: Streams
) -> None:
    new = await streams.append(source(), [*to(HERE, 1), *to(THERE, 2), *to(HERE, 3)], NOW)
    assert new == 3
    assert await payloads(Inbox(client, keys, HERE)) == ["payload 1", "payload 3"]
    assert await payloads(Inbox(client, keys, THERE)) == ["payload 2"]


async def test_a_bundle_is_known_by_its_first_and_goes_whole_or_not_at_all(
    client: RedisClient, keys: Keys, streams: Streams, inbox: Inbox
) -> None:
    bundle = [one._replace(bundle="1") for one in [*to(HERE, 1), *to(THERE, 2), *to(HERE, 3)]]
    other = [one._replace(bundle="4") for one in to(HERE, 4, 5)]
    assert await streams.append(source(), bundle, NOW) == 3
    assert await streams.append(source(), [*bundle, *bundle, *other, *other], NOW) == 2
    assert await payloads(inbox) == [f"payload {n}" for n in (1, 3, 4, 5)]
    members = await client.command("ZRANGE", keys.seen(HERE, "22"), 0, -1)
    assert members == [b"1", b"4"]


@pytest.mark.parametrize("gone", [1, 4, 5, MOVES_FOLLOWED])
async def test_what_follows_its_person_through_many_bots_that_are_gone_is_never_dropped(
    client: RedisClient, keys: Keys, streams: Streams, gone: int
) -> None:
    for bot in range(1, gone + 1):
        await client.command("HSET", keys.fences(BotId(bot)), "closed", "moved")
        await client.command("HSET", keys.moved(BotId(bot)), "100", bot + 1)
    words = encode(Envelope(VERSION, PersonId(100), Lane.INTERACTIVE, NOW, Notice("hello")))
    try:
        assert await streams.append(source(), [Append(BotId(1), "1", words)], NOW) == 1
    except BotMoving:
        assert gone == MOVES_FOLLOWED
    else:
        [entry] = await Inbox(client, keys, BotId(gone + 1)).read(START, 10)
        assert entry.payload == words


async def test_nothing_to_append_is_nothing_done(client: RedisClient, streams: Streams) -> None:
    before = client.round_trips
    assert await streams.append(source(), [], NOW) == 0
    assert client.round_trips == before


async def test_a_repeated_batch_is_appended_once(streams: Streams, inbox: Inbox) -> None:
    assert await streams.append(source(), to(HERE, 1, 2), NOW) == 2
    assert await streams.append(source(), to(HERE, 1, 2, 3), NOW) == 1
    assert await payloads(inbox) == ["payload 1", "payload 2", "payload 3"]


async def test_a_batch_of_any_size_goes_whole_and_what_is_new_in_a_repeated_one_in_its_place(
    streams: Streams, inbox: Inbox
) -> None:
    """More than a script can hand to one command."""
    odd = to(HERE, *range(1, 6_000, 2))
    assert await streams.append(source(), odd, NOW) == len(odd)
    every = [one for pair in zip(to(HERE, *range(4_000, 6_000, 2)), odd[2_000:], strict=True) for one in pair]
    assert await streams.append(source(), [*every, *every], NOW) == 1_000
    assert await payloads(inbox) == [f"payload {n}" for n in (*range(1, 6_000, 2), *range(4_000, 6_000, 2))]


async def test_a_repeat_is_known_after_the_entry_was_delivered(streams: Streams, inbox: Inbox) -> None:
    await streams.append(source(), to(HERE, 1), NOW)
    (entry,) = await inbox.read(START, 10, block_ms=1)
    await inbox.settle(OWNER, [entry.id], [])
    assert await streams.append(source(), to(HERE, 1), NOW) == 0
    assert await payloads(inbox) == []


async def test_sources_do_not_know_each_others_members(streams: Streams, inbox: Inbox) -> None:
    await streams.append(source(name="22"), to(HERE, 1), NOW)
    assert await streams.append(source(name="33"), to(HERE, 1), NOW) == 1


async def test_the_latest_members_are_remembered_whatever_the_clock_does(
    client: RedisClient, keys: Keys, streams: Streams, inbox: Inbox
) -> None:
    """An hour ahead, then an hour back: the newest are still the ones that are known."""
    members = range(SEEN_KEPT * 2)
    for first in members[::256]:
        wall = NOW + (3_600_000 if first < SEEN_KEPT else 0)
        await streams.append(source(), to(HERE, *range(first, first + 256)), wall, safe=False)
    seen = await client.command("ZCARD", keys.seen(HERE, "22"))
    assert SEEN_KEPT <= seen <= SEEN_KEPT + 256
    assert await streams.append(source(), to(HERE, *members[-SEEN_KEPT:]), NOW) == 0


async def test_a_source_that_lost_its_lease_appends_nothing(streams: Streams, inbox: Inbox) -> None:
    await streams.append(source(epoch=2), to(HERE, 1), NOW)
    with pytest.raises(StaleEpoch):
        await streams.append(source(epoch=1), to(HERE, 2), NOW)
    assert await payloads(inbox) == ["payload 1"]
    assert (await inbox.look()).refused == 1


async def test_reading_goes_on_after_the_cursor(streams: Streams, inbox: Inbox) -> None:
    await streams.append(source(), to(HERE, 1, 2, 3), NOW)
    first = (await inbox.read(START, 1, block_ms=1))[0]
    assert await payloads(inbox, first.id) == ["payload 2", "payload 3"]


async def test_what_is_settled_is_gone_and_the_rest_is_read_again(streams: Streams, inbox: Inbox) -> None:
    await streams.append(source(), to(HERE, 1, 2, 3), NOW)
    entries = await inbox.read(START, 10, block_ms=1)
    await inbox.settle(OWNER, [entries[1].id], [entries[0].id])
    assert await payloads(inbox) == ["payload 1", "payload 3"]
    assert await inbox.reclaim() == {entries[0].id}
    assert await inbox.reclaim() == set()


async def test_who_lost_the_lease_settles_nothing(streams: Streams, inbox: Inbox) -> None:
    await streams.append(source(), to(HERE, 1), NOW)
    (entry,) = await inbox.read(START, 10, block_ms=1)
    for epoch in (OWNER - 1, OWNER + 1):
        with pytest.raises(StaleEpoch):
            await inbox.settle(Epoch(epoch), [entry.id], [])
    assert await payloads(inbox) == ["payload 1"]
    assert (await inbox.look()).refused == 2


async def test_the_backlog_is_what_is_undelivered(streams: Streams, inbox: Inbox) -> None:
    assert await inbox.look() == (0, 0, 0)
    await streams.append(source(), to(HERE, 1, 2), NOW)
    first = (await inbox.read(START, 10, block_ms=1))[0]
    assert await inbox.look() == (2, int(first.id.partition("-")[0]), 0)


async def test_a_full_inbox_refuses_messages_but_no_words_of_ours(
    client: RedisClient, keys: Keys, inbox: Inbox
) -> None:
    limited = Streams(client, keys, limit=2)
    messages = [one._replace(may_wait=True) for one in to(HERE, 1, 2, 3)]
    assert await limited.append(source(), messages, NOW) == 3
    # What was appended before is no news.
    assert await limited.append(source(), messages, NOW) == 0
    late = to(HERE, 5)[0]._replace(may_wait=True)
    elsewhere = to(THERE, 9)[0]._replace(may_wait=True)
    with pytest.raises(InboxFull) as full:
        await limited.append(source(), [late, *to(HERE, 4), elsewhere], NOW)
    assert full.value.refused == [late]
    assert await payloads(inbox) == ["payload 1", "payload 2", "payload 3", "payload 4"]
    assert await payloads(Inbox(client, keys, THERE)) == ["payload 9"]
    entries = await inbox.read(START, 10, block_ms=1)
    await inbox.settle(OWNER, [entry.id for entry in entries], [])
    assert await limited.append(source(), [late], NOW) == 1
