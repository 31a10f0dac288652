"""What a broadcast says: the text behind the command, and what may go to everybody."""

import asyncio
import random
from collections.abc import Iterator

import msgspec
import pytest

from core.domain.broadcast import decode_content, encode_content, for_many
from core.domain.content import Contact, Content, Dice, File, Location, Media, MediaKind, Text
from core.domain.envelope import Lane
from core.domain.ids import BotId
from core.state.redis.casts import CastBook
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from shard.inbound.casting import _behind
from shard.outbound.casting import Casting
from shard.outbound.pacing import Budget
from tests.unit.shard.virtual import LoopClock, VirtualLoop


def _typed(text: str, *entities: dict[str, object]) -> msgspec.Raw:
    chat = {"id": 5, "type": "private"}
    message = {"message_id": 1, "date": 0, "chat": chat, "text": text, "entities": entities}
    return msgspec.Raw(msgspec.json.encode({"update_id": 1, "message": message}))


def test_formatting_moves_with_the_text_in_units_of_utf_16() -> None:
    said = "/broadcast@🙂bot 🎉 all of you"
    raw = _typed(
        said,
        {"type": "bot_command", "offset": 0, "length": 16},
        {"type": "bold", "offset": 20, "length": 3},
        {"type": "text_mention", "offset": 24, "length": 2, "user": {"id": 9}},
    )
    text = _behind(raw, "🎉 all of you")
    assert text.text == "🎉 all of you"
    assert [(one.type, one.offset, one.length) for one in text.entities] == [("bold", 3, 3)]


@pytest.mark.parametrize(
    ("content", "goes"),
    [
        (Text("hello"), True),
        (Location(1.0, 2.0), True),
        (Location(1.0, 2.0, live_period=60), False),
        (Dice("🎲", 3), False),
        (Contact("+1", "Ann"), False),
    ],
)
def test_what_is_meant_for_one_does_not_go_to_all(content: Content, *, goes: bool) -> None:
    assert for_many(content) == (content if goes else None)


def test_a_part_of_an_album_goes_alone_and_is_kept_as_it_is() -> None:
    part = Media(MediaKind.PHOTO, File("a", "b"), caption="look", album="7")
    alone = for_many(part)
    assert alone == Media(MediaKind.PHOTO, File("a", "b"), caption="look")
    assert decode_content(encode_content(alone)) == alone


def _in_a_rush(rate: int) -> Iterator[float]:
    """Gaps between messages: all that a second brings comes in a third of it."""
    while True:
        yield from [1 / 3 / rate] * (rate - 1)
        yield 1 / 3 / rate + 2 / 3


def _by_chance(rate: int) -> Iterator[float]:
    """Gaps between messages of people who know nothing of each other."""
    chance = random.Random(7)
    while True:
        yield chance.expovariate(rate)


async def _broadcast_beside(gaps: Iterator[float], seconds: float) -> tuple[list[float], list[float]]:
    """How long those who chat waited for their slots, and when messages of a broadcast began."""
    clock = LoopClock()
    budget = Budget(clock, 30)
    client, keys, bot = RedisClient("redis://nobody-asks"), Keys("t:"), BotId(1)
    lease = Lease.of_shard(client, clock, keys, bot, "here")
    casting = Casting(lease, CastBook(client, keys, bot), budget, Budget(clock, 1), clock)
    loop = asyncio.get_running_loop()
    waits: list[float] = []
    begun: list[float] = []

    async def call(lane: Lane) -> float:
        asked = loop.time()
        slot = await budget.take(lane)
        waited = loop.time() - asked
        await asyncio.sleep(0.008)
        budget.answered(slot)
        return waited

    async def cast() -> None:
        casting.began()
        begun.append(loop.time())
        await call(Lane.BROADCAST)
        casting.ended()

    async def chat() -> None:
        waits.append(await call(Lane.RELAYED))

    async def broadcast() -> None:
        while True:
            while casting.lowest() is Lane.BROADCAST:
                group.create_task(cast())
                await asyncio.sleep(0)
            await asyncio.sleep(casting.look_again())

    async with asyncio.TaskGroup() as group:
        endless = [group.create_task(budget.run()), group.create_task(broadcast())]
        while loop.time() < seconds:
            group.create_task(chat())
            await asyncio.sleep(next(gaps))
        await asyncio.sleep(3)
        for one in endless:
            one.cancel()
    return waits, begun


def _played(gaps: Iterator[float], seconds: float) -> tuple[list[float], list[float]]:
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_broadcast_beside(gaps, seconds))
    finally:
        loop.close()


def test_a_broadcast_leaves_slots_to_those_who_chat_and_goes_a_few_at_a_time() -> None:
    waits, begun = _played(_in_a_rush(12), 60.0)
    assert max(waits) == 0, "nobody who chats waits for a slot"
    assert len(begun) / 60 > 8
    assert max(sum(at <= other < at + 0.09 for other in begun) for at in begun) <= 3, "not all at once"


def test_a_broadcast_leaves_enough_for_what_nobody_can_foresee() -> None:
    waits, begun = _played(_by_chance(12), 1_000.0)
    assert len(begun) / 1_000 > 8
    # Where it takes all but three in ten, one in four hundred waits.
    assert sum(wait > 0.004 for wait in waits) / len(waits) < 0.001
