"""A bot is drained, or has retired and is still served: no new chat begins there."""

import pytest

from core.domain.conversation import Phase
from core.domain.fleet import BotState, DirectoryEntry
from core.domain.ids import BotId
from shard.inbound.commands import find, following
from tests.integration.shard.house import HERE, PARTNER, RUDE, WORDLESS, House

OTHER = DirectoryEntry(BotId(22), "other_bot", BotState.ACTIVE, 10.0, open=True)
FULL = DirectoryEntry(BotId(22), "other_bot", BotState.ACTIVE, 0.0, open=False)

pytestmark = [
    pytest.mark.parametrize("state", [BotState.DRAINING, BotState.RETIRED]),
    pytest.mark.parametrize(("other", "words"), [(OTHER, "bot_is_leaving"), (FULL, "no_bot_has_room")]),
]


async def test_who_looks_for_a_partner_is_sent_off(
    house: House, state: BotState, other: DirectoryEntry, words: str
) -> None:
    await house.publish(DirectoryEntry(HERE, "here_bot", state, 0.0, open=False), other)
    shard = await house.shard()
    desk = shard.desk(RUDE, 5)
    await find(WORDLESS, desk, shard.admission)
    await desk.close()
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]
    assert await house.conversations.waiting_count() == 0
    assert await house.said() == [words]


async def test_who_wants_the_next_one_leaves_and_is_sent_off(
    house: House, state: BotState, other: DirectoryEntry, words: str
) -> None:
    shard = await house.shard()
    for update, person in enumerate((RUDE, PARTNER), 5):
        await find(WORDLESS, shard.desk(person, update), shard.admission)
    await house.pair()
    await house.publish(DirectoryEntry(HERE, "here_bot", state, 0.0, open=False), other)
    shard = await house.shard()
    desk = shard.desk(RUDE, 7)
    await following(WORDLESS, desk, shard.admission)
    await desk.close()
    assert await house.phases() == [Phase.IDLE, Phase.IDLE]
    assert await house.conversations.waiting_count() == 0
    assert await house.said() == [words]
