"""Somebody is shut out in the moment in which their shard, which has not heard of it, lets them search."""

from typing import Any

import pytest

from core.domain import envelope as envelopes
from core.domain.conversation import Change, Phase
from core.domain.envelope import Happening
from core.state.moderation import FOR_GOOD
from shard.inbound.commands import find, following
from tests.integration.shard.house import PARTNER, RUDE, WORDLESS, House


async def shut_out(house: House, how: str) -> None:
    if how == "ban":
        await house.moderation.ban(RUDE, FOR_GOOD, "spam")
    else:
        assert await house.moderation.forget(RUDE)


@pytest.mark.parametrize("how", ["ban", "forget"])
async def test_a_search_that_begins_after_it_ends(house: House, how: str) -> None:
    shard = await house.shard()
    await shut_out(house, how)
    await find(WORDLESS, shard.desk(RUDE, 5), shard.admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]
    assert await house.conversations.waiting_count() == 0


@pytest.mark.parametrize("how", ["ban", "forget"])
async def test_so_does_one_that_follows_a_conversation(house: House, how: str) -> None:
    shard = await house.shard()
    for update, person in enumerate((RUDE, PARTNER), 5):
        await find(WORDLESS, shard.desk(person, update), shard.admission)
    await house.pair()
    shard = await house.shard()
    await shut_out(house, how)
    await following(WORDLESS, shard.desk(RUDE, 7), shard.admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]
    assert await house.conversations.waiting_count() == 0


@pytest.mark.parametrize("command", [find, following])
async def test_it_ends_also_when_the_shard_dies_right_after_the_search_began(
    house: House, command: Any
) -> None:
    first = await house.shard()
    await shut_out(house, "ban")
    await first.desk(RUDE, 5).find()
    assert await house.phases() == [Phase.WAITING, Phase.IDLE]
    second = await house.shard()
    await command(WORDLESS, second.desk(RUDE, 5), second.admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]


async def test_who_may_chat_goes_on_searching(house: House) -> None:
    shard = await house.shard()
    await house.moderation.ban(RUDE, FOR_GOOD, "spam")
    await house.moderation.unban(RUDE)
    await find(WORDLESS, shard.desk(RUDE, 5), shard.admission)
    assert await house.phases() == [Phase.WAITING, Phase.IDLE]


async def test_of_the_search_that_ended_nothing_is_said(house: House) -> None:
    shard = await house.shard()
    await shut_out(house, "ban")
    desk = shard.desk(RUDE, 5)
    await find(WORDLESS, desk, shard.admission)
    await desk.close()
    assert await house.said() == ["banned", "banned"]
    said = [envelopes.decode(entry.payload).body for entry in await house.inbox()]
    assert Change.SEARCHING not in [body.change for body in said if isinstance(body, Happening)]
