"""What is done at a bot about a chat at another one, of which this bot's shard has not heard."""

from typing import Any

import pytest
from aiogram.types import ChatMemberUpdated

from core.domain.conversation import Phase
from core.domain.errors import StaleEpoch
from core.domain.ids import BotId, Epoch, PersonId, UpdateId
from core.state.moderation import FOR_GOOD
from core.state.redis.conversations import Asker
from shard.inbound.commands import find, following, membership, stop
from tests.integration.shard.house import HERE, PARTNER, RUDE, WORDLESS, House, Shard

THERE = BotId(22)
BLOCKED = ChatMemberUpdated.model_validate(
    {
        "chat": {"id": RUDE, "type": "private"},
        "from": {"id": RUDE, "is_bot": False, "first_name": "Somebody"},
        "date": 1_700_000_000,
        "old_chat_member": {"status": "member", "user": {"id": HERE, "is_bot": True, "first_name": "Bot"}},
        "new_chat_member": {
            "status": "kicked",
            "user": {"id": HERE, "is_bot": True, "first_name": "Bot"},
            "until_date": 0,
        },
    }
)


async def behind(house: House) -> Shard:
    """A shard that knows of somebody who stopped here, and not of what they began there since."""
    before = await house.shard()
    await before.desk(RUDE, 5).find()
    assert (await before.desk(RUDE, 6).leave(search=False)).changed
    shard = await house.shard()
    for update, person in enumerate((RUDE, PARTNER), 1):
        await search_there(house, person, update)
    return shard


async def search_there(house: House, person: PersonId, update: int) -> None:
    assert (await house.conversations.find(Asker(person, THERE, Epoch(1), UpdateId(update)))).changed


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.CHATTING])
@pytest.mark.parametrize("command", [stop, following])
async def test_a_command_ends_nothing_and_says_where_it_is(house: House, phase: Phase, command: Any) -> None:
    shard = await behind(house)
    if phase is Phase.CHATTING:
        await house.pair()
    desk = shard.desk(RUDE, 7)
    await command(WORDLESS, desk, shard.admission)
    await desk.close()
    assert await house.phases() == [phase, phase]
    assert await house.said() == ["chat_is_elsewhere"]


async def test_who_blocks_a_bot_goes_on_at_another(house: House) -> None:
    shard = await behind(house)
    await house.pair()
    await membership(BLOCKED, shard.desk(RUDE, 7), shard.admission)
    assert await house.phases() == [Phase.CHATTING, Phase.CHATTING]


async def test_a_shard_that_cannot_reach_somebody_ends_nothing_at_another_bot(house: House) -> None:
    await behind(house)
    await house.pair()
    outcome = await house.conversations.leave(Asker(RUDE, HERE, Epoch(1), UpdateId(0)), PARTNER)
    assert not outcome.changed
    assert await house.phases() == [Phase.CHATTING, Phase.CHATTING]


async def test_the_same_command_again_ends_nothing_that_began_here_meanwhile(house: House) -> None:
    """It is said again after a death; what it was about was elsewhere."""
    shard = await behind(house)
    await stop(WORDLESS, shard.desk(RUDE, 7), shard.admission)
    there = Asker(RUDE, THERE, Epoch(1), UpdateId(8))
    assert (await house.conversations.leave(there, PersonId(0))).changed
    assert (await house.conversations.find(there._replace(bot=HERE, update=UpdateId(0)))).changed
    again = await house.shard()
    await stop(WORDLESS, again.desk(RUDE, 7), again.admission)
    assert await house.phases() == [Phase.WAITING, Phase.WAITING]


async def test_who_is_shut_out_is_in_no_chat_anywhere(house: House) -> None:
    """The ban that they hear of here was written down by a process that died before it ended the chat."""
    await behind(house)
    await house.pair()
    await house.people.ban(RUDE, FOR_GOOD, "spam")
    shard = await house.shard()
    await find(WORDLESS, shard.desk(RUDE, 7), shard.admission)
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]


async def test_a_shard_that_lost_its_lease_ends_nothing_of_who_is_shut_out(house: House) -> None:
    old = await house.shard()
    for update, person in enumerate((RUDE, PARTNER), 5):
        await old.desk(person, update).find()
    await house.pair()
    await house.conversations.refuse(HERE, Epoch(2))
    with pytest.raises(StaleEpoch):
        await old.desk(RUDE, 9).end()
    assert await house.phases() == [Phase.CHATTING, Phase.CHATTING]
