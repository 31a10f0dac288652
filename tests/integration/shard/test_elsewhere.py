"""Somebody talks at another bot; this bot's shard heard last that they are idle here."""

from collections.abc import Awaitable, Callable

import pytest
from aiogram.types import ChatMemberBanned, ChatMemberUpdated

from core.domain.conversation import Phase
from core.domain.fleet import BotState, DirectoryEntry
from core.domain.ids import BotId, Epoch, UpdateId
from core.state.moderation import FOR_GOOD
from core.state.redis.conversations import Asker
from shard.inbound.commands import find, following, membership, stop
from shard.inbound.desk import Desk
from tests.integration.shard.house import HERE, PARTNER, RUDE, WORDLESS, House, Shard

THERE = BotId(22)
BOTS = [DirectoryEntry(bot, f"bot_{bot}", BotState.ACTIVE, 10.0, open=True) for bot in (HERE, THERE)]


@pytest.fixture
async def shard(house: House) -> Shard:
    """It stays with what it knows: time does not pass."""
    await house.publish(*BOTS)
    shard = await house.shard()
    await find(WORDLESS, shard.desk(RUDE, 5), shard.admission)
    await stop(WORDLESS, shard.desk(RUDE, 6), shard.admission)
    for person in (RUDE, PARTNER):
        await house.conversations.find(Asker(person, THERE, Epoch(1), UpdateId(1)))
    return shard


async def blocks(desk: Desk, shard: Shard) -> None:
    event = ChatMemberUpdated.model_construct(
        new_chat_member=ChatMemberBanned.model_construct(status="kicked")
    )
    await membership(event, desk, shard.admission)


async def stops(desk: Desk, shard: Shard) -> None:
    await stop(WORDLESS, desk, shard.admission)


async def wants_the_next(desk: Desk, shard: Shard) -> None:
    await following(WORDLESS, desk, shard.admission)


WAYS = [(blocks, []), (stops, ["chat_is_elsewhere"]), (wants_the_next, ["chat_is_elsewhere"])]


@pytest.mark.parametrize(("way", "said"), WAYS)
async def test_a_chat_at_another_bot_goes_on(
    house: House, shard: Shard, way: Callable[[Desk, Shard], Awaitable[None]], said: list[str]
) -> None:
    await house.pair()
    desk = shard.desk(RUDE, 7)
    await way(desk, shard)
    await desk.close()
    assert await house.phases() == [Phase.CHATTING, Phase.CHATTING]
    assert await house.said() == said


@pytest.mark.parametrize(("way", "said"), WAYS)
async def test_a_search_at_another_bot_goes_on(
    house: House, shard: Shard, way: Callable[[Desk, Shard], Awaitable[None]], said: list[str]
) -> None:
    desk = shard.desk(RUDE, 7)
    await way(desk, shard)
    await desk.close()
    assert await house.phases() == [Phase.WAITING, Phase.WAITING]
    assert await house.said() == said


async def test_who_is_banned_leaves_also_a_chat_at_another_bot(house: House, shard: Shard) -> None:
    await house.pair()
    await house.people.ban(RUDE, FOR_GOOD, "rude")
    await find(WORDLESS, shard.desk(RUDE, 7), (await house.shard()).admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]
