"""Which message is which: on both sides, after a restart, in few bytes, bounded."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.conversation import Thread
from core.domain.ids import BotId, ConversationId, MessageId
from core.state.redis import message_map
from core.state.redis.client import RedisClient
from core.state.redis.file_memory import FileMemory
from core.state.redis.keys import Keys
from core.state.redis.message_map import MessageMap
from core.state.redis.streams import Note

TALK = Thread(ConversationId(77))


async def _keep(client: RedisClient, *notes: list[Note]) -> None:
    await client.run_many([*chain(*notes)])


def _ids(*numbers: int) -> list[tuple[MessageId, MessageId]]:
    return [(MessageId(a), MessageId(b)) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]


async def test_both_sides_find_the_others_number(client: RedisClient, keys: Keys) -> None:
    messages = MessageMap(client, keys)
    await _keep(client, messages.record(TALK, 0, _ids(10, 20)), messages.record(TALK, 1, _ids(10, 11)))
    for known in (messages, MessageMap(client, keys)):
        assert await known.find(TALK, 0, MessageId(10)) == 20
        assert await known.find(TALK, 1, MessageId(20)) == 10
        assert await known.find(TALK, 1, MessageId(10)) == 11
        assert await known.find(TALK, 0, MessageId(11)) == 10
        assert await known.find(TALK, 0, MessageId(20)) is None
        assert await known.find(Thread(ConversationId(78)), 0, MessageId(10)) is None


async def test_a_repeated_message_is_known_by_its_newer_number(client: RedisClient, keys: Keys) -> None:
    messages = MessageMap(client, keys)
    await _keep(client, messages.record(TALK, 0, _ids(10, 20)), messages.record(TALK, 0, _ids(10, 25)))
    assert await MessageMap(client, keys).find(TALK, 0, MessageId(10)) == 25


async def test_what_another_process_notes_is_found_later(client: RedisClient, keys: Keys) -> None:
    mine, other = MessageMap(client, keys), MessageMap(client, keys)
    await _keep(client, mine.record(TALK, 0, _ids(1, 2)))
    assert await other.find(TALK, 0, MessageId(3)) is None
    await _keep(client, mine.record(TALK, 0, _ids(3, 4)))
    assert await other.find(TALK, 0, MessageId(3)) == 4


async def test_what_is_known_costs_no_round_trip(client: RedisClient, keys: Keys) -> None:
    messages = MessageMap(client, keys)
    messages.record(TALK, 0, _ids(1, 2))
    before = client.round_trips
    assert await messages.find(TALK, 0, MessageId(1)) == 2
    assert client.round_trips == before


async def test_everything_of_a_conversation_by_side(client: RedisClient, keys: Keys) -> None:
    messages = MessageMap(client, keys)
    await _keep(client, messages.record(TALK, 0, _ids(5, 9)), messages.record(TALK, 1, _ids(8, 4)))
    assert await MessageMap(client, keys).everything(TALK) == ([4, 5], [8, 9])


async def test_few_bytes_a_message_and_an_end(client: RedisClient, keys: Keys) -> None:
    messages = MessageMap(client, keys)
    for number in range(1, 1_001):
        await _keep(client, messages.record(TALK, number % 2, _ids(number, number + 7)))
    size = await client.command("MEMORY", "USAGE", keys.thread(TALK))
    assert size < 1_000 * 17
    assert await client.command("STRLEN", keys.thread(TALK)) == 8_000
    left = await client.command("PTTL", keys.thread(TALK))
    assert 47 * 3_600_000 < left <= 48 * 3_600_000


async def test_memory_is_bounded(client: RedisClient, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_map, "KEPT_RECORDS", 100)
    messages = MessageMap(client, keys)
    for talk in range(50):
        await _keep(client, messages.record(Thread(ConversationId(talk)), 0, _ids(*range(1, 21))))
    assert messages.peek(Thread(ConversationId(49)), 0, MessageId(1)) == 2
    assert messages.peek(Thread(ConversationId(0)), 0, MessageId(1)) is None
    assert await messages.find(Thread(ConversationId(0)), 0, MessageId(1)) == 2


@given(
    written=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 40), st.integers(1, 2**31 - 1)), max_size=30)
)
def test_the_map_answers_as_a_plain_dictionary_does(
    written: list[tuple[int, int, int]],
) -> None:
    messages = MessageMap(None, Keys("p:"))  # type: ignore[arg-type]  # what is peeked at asks no server
    truth: dict[tuple[int, int], int] = {}
    for side, sent, shown in written:
        messages.record(TALK, side, _ids(sent, shown))
        truth[side, sent] = shown
    for (side, sent), shown in truth.items():
        assert messages.peek(TALK, side, MessageId(sent)) == shown


async def test_files_are_remembered_two_generations_long(
    client: RedisClient, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.state.redis.file_memory.GENERATION", 10)
    memory = FileMemory(client, keys, BotId(1))
    for number in range(25):
        await _keep(client, [memory.note(f"u{number}", f"f{number}")])
    assert await memory.find("u24") == "f24"
    assert await memory.find("u12") == "f12"
    assert await memory.find("u3") is None
    await _keep(client, [memory.note("u24", "")])
    assert await memory.find("u24") is None
