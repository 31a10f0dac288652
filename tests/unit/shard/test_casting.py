"""What a broadcast says: the text behind the command, and what may go to everybody."""

import asyncio

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


async def _broadcast_beside(chat_rate: int, seconds: float) -> tuple[list[float], list[float]]:
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
            # All that a second brings comes in a third of it.
            for _ in range(chat_rate):
                group.create_task(chat())
                await asyncio.sleep(1 / 3 / chat_rate)
            await asyncio.sleep(2 / 3)
        await asyncio.sleep(3)
        for one in endless:
            one.cancel()
    return waits, begun


def test_a_broadcast_leaves_slots_to_those_who_chat_and_goes_evenly() -> None:
    loop = VirtualLoop()
    waits, begun = loop.run_until_complete(_broadcast_beside(12, 60.0))
    loop.close()
    assert max(waits) == 0, "nobody who chats waits for a slot"
    assert len(begun) / 60 > 8
    assert max(sum(at <= other < at + 0.09 for other in begun) for at in begun) <= 3, "not all at once"
