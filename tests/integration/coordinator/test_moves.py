"""People of a bot that is gone: moved in order whatever dies, while their partners go on writing."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from coordinator.moves import execution
from core.domain.conversation import UNTOLD, Phase, Standing
from core.domain.errors import StaleEpoch
from core.domain.fleet import BotState
from core.domain.ids import BotId, Epoch, MessageId, PersonId, UpdateId
from core.service.clock import SystemClock
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.epochs import Epochs
from core.state.postgres.people import PeopleTable
from core.state.postgres.pool import Database
from core.state.redis.conversations import Asker
from core.state.redis.estates import Estate
from core.state.redis.leases import Lease
from core.state.redis.people_cache import PeopleCache
from core.state.redis.streams import Inbox
from shard.claim import BotQuarantined, claim
from tests.integration.coordinator.moving import BOTS, GONE, NOW, SECOND, THIRD, Died, Stage, broken
from tests.integration.coordinator.support import Network


@pytest.fixture
async def stage(network: Network, database_url: str) -> AsyncIterator[Stage]:
    async with Database(database_url, size=2) as database:
        bots = Bots(database, TokenCipher("a secret of thirty-two characters"))
        for bot in BOTS:
            await bots.add(bot, f"bot{bot}", f"{bot}:token")
            await bots.set_state(bot, BotState.QUARANTINED if bot is GONE else BotState.ACTIVE)
        await network.lead(1)
        yield Stage(network, database, await bots.list())


async def test_a_conversation_goes_on_at_another_bot_with_what_waited(stage: Stage) -> None:
    await stage.opened(1, GONE, SECOND)
    table = PeopleTable(stage.database)
    for person, home in ((1, GONE), (2, THIRD)):
        await table.consent(PersonId(person), "en", home)
    await stage.pair((1, GONE), (2, THIRD))
    believed = await stage.standing(2)
    for _ in range(3):
        await stage.write(2)
    await stage.write(1)
    await stage.mover().step()
    await stage.write(2, believed)
    await stage.write(2)
    await stage.write(1)
    moved = await stage.standing(1)
    assert (moved.bot, moved.turn, moved.phase) == (SECOND, 1, Phase.CHATTING)
    assert (await stage.standing(2)).partner_bot == SECOND
    assert await stage.arrived(2, 1) == [0, 1, 2, 3, 4]
    assert await stage.arrived(1, 2) == [0, 1]
    assert await stage.told(1, SECOND) == ["moved", "matched", "arrived"]
    assert await stage.told(2, THIRD) == ["matched", "partner_moved"]
    rows = await table.get_many([PersonId(1), PersonId(2)])
    assert {person: row.home for person, row in rows.items()} == {1: SECOND, 2: THIRD}
    cached = await PeopleCache(stage.network.client, stage.network.keys).get_many([PersonId(1)])
    assert cached[PersonId(1)].row.home == SECOND
    assert await stage.inbox(GONE) == []
    assert await broken(stage, [1, 2]) == []
    # Nothing is left to be done.
    await stage.mover().step()
    assert await stage.told(1, SECOND) == ["moved", "matched", "arrived"]


async def test_who_has_no_other_bot_is_lost_and_the_partner_is_told(stage: Stage) -> None:
    await stage.opened(1, GONE)
    await stage.pair((1, GONE), (2, THIRD))
    believed = await stage.standing(2)
    await stage.write(2)
    await stage.mover().step()
    await stage.write(2, believed)
    assert {await phase(stage, 1), await phase(stage, 2)} == {Phase.IDLE}
    assert await stage.told(2, THIRD) == [
        *("matched", "not_delivered_over", "partner_unreachable", "not_delivered_over")
    ]
    (again,) = await stage.network.find(2, bot=THIRD)
    assert again.changed
    assert await stage.inbox(GONE) == []
    assert await broken(stage, [1, 2]) == []


async def phase(stage: Stage, person: int) -> Phase:
    return (await stage.standing(person)).phase


async def test_who_waits_goes_on_waiting_at_another_bot_or_not_at_all(stage: Stage) -> None:
    await stage.opened(1, GONE, THIRD)
    await stage.network.find(1, 2, bot=GONE)
    stage.waiting = {GONE: 2}
    await stage.mover().step()
    (ticket,) = await stage.network.conversations.waiting(None, 10, block_ms=1)
    assert (ticket.person, ticket.bot) == (1, THIRD)
    moved = await stage.standing(1)
    assert (moved.ticket, moved.words) == (ticket.id, UNTOLD)
    assert await phase(stage, 2) is Phase.IDLE
    assert await broken(stage, [1, 2]) == []


@pytest.mark.parametrize("early", [True, False], ids=["told before the move is over", "told after it"])
async def test_which_message_told_of_the_chat_at_the_new_bot_is_remembered(stage: Stage, early: bool) -> None:
    """What the person wrote to that bot before it is not meant for the partner."""
    await stage.opened(1, GONE, SECOND)
    await stage.pair((1, GONE), (2, THIRD))
    conversation = (await stage.standing(1)).conversation

    async def shown(bot: BotId, number: int) -> MessageId:
        note = stage.network.conversations.told(PersonId(1), bot, conversation, MessageId(number))
        await stage.network.client.run_many([note])
        return (await stage.standing(1)).words

    assert await shown(GONE, 30) == 30
    if early:
        assert await shown(SECOND, 7) == 30
    await stage.mover().step()
    assert (await stage.standing(1)).words == (7 if early else UNTOLD)
    assert await shown(SECOND, 8) == 8
    # Noted late, by the last process of the bot before.
    assert await shown(GONE, 31) == 8


async def test_the_last_process_of_the_bot_can_change_nothing_any_more(stage: Stage) -> None:
    await stage.network.find(1, bot=GONE)
    stage.waiting = {GONE: 1}
    await stage.mover().step()
    with pytest.raises(StaleEpoch):
        await stage.network.conversations.find(Asker(PersonId(3), GONE, Epoch(0), UpdateId(9)))


async def test_nothing_begins_while_a_process_serves_the_bot(stage: Stage) -> None:
    await stage.pair((1, GONE), (2, THIRD))
    await stage.network.client.command("SET", stage.network.keys.lease(GONE), "1 somebody", "PX", 60_000)
    await stage.mover().step()
    assert await phase(stage, 1) is Phase.CHATTING


async def test_people_who_came_to_a_retired_bot_go_on_at_another(stage: Stage) -> None:
    """Its shard went on for a moment, or until somebody stopped it."""
    stage.rows = [r._replace(state=BotState.RETIRED) if r.id == GONE else r for r in stage.rows]
    await stage.opened(1, GONE, SECOND)
    await stage.opened(3, GONE, THIRD)
    await stage.pair((1, GONE), (2, THIRD))
    await stage.network.find(3, bot=GONE)
    lease = stage.network.keys.lease(GONE)
    await stage.network.client.command("SET", lease, "1 its shard", "PX", 60_000)
    await stage.mover().step()
    assert (await stage.standing(1)).bot == GONE, "its shard still serves them"
    await stage.network.client.command("DEL", lease)
    await stage.mover().step()
    assert (await stage.standing(1)).bot == SECOND
    (ticket,) = await stage.network.conversations.waiting(None, 10, block_ms=1)
    assert (ticket.person, ticket.bot) == (3, THIRD)
    assert await broken(stage, [1, 2, 3]) == []


async def test_a_bot_that_serves_again_takes_what_is_for_it(stage: Stage) -> None:
    await stage.opened(1, GONE, SECOND)
    await stage.pair((1, GONE), (2, THIRD))
    await stage.mover().step()
    client, keys = stage.network.client, stage.network.keys
    bots = Bots(stage.database, TokenCipher("a secret of thirty-two characters"))
    lease = Lease.of_shard(client, SystemClock(), keys, GONE, "new shard")
    inbox, stop = Inbox(client, keys, GONE), asyncio.Event()
    with pytest.raises(BotQuarantined):
        await claim(GONE, bots, Epochs(stage.database), lease, inbox, stop)
    await bots.rotate(GONE, "11:new")
    assert await claim(GONE, bots, Epochs(stage.database), lease, inbox, stop) == "11:new"
    await stage.pair((3, GONE), (4, THIRD))
    await stage.write(4)
    assert await stage.arrived(4, 3) == [0]
    assert await stage.arrived(2, 1) == []


async def test_what_comes_while_the_stream_is_shut_waits_and_keeps_its_place(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.opened(1, GONE, SECOND)
    await stage.pair((1, GONE), (2, THIRD))
    believed = await stage.standing(2)
    await stage.write(2)
    forward = Estate.forward
    writing: list[asyncio.Task[None]] = []

    async def late(estate: Estate, epoch: Epoch) -> None:
        writing.append(asyncio.create_task(stage.write(2, believed)))
        await asyncio.sleep(0.05)
        await forward(estate, epoch)

    monkeypatch.setattr(Estate, "forward", late)
    await stage.mover().step()
    await asyncio.gather(*writing)
    await stage.write(2)
    assert await stage.inbox(GONE) == []
    assert await stage.arrived(2, 1) == [0, 1, 2]


class Trouble:
    """Ends whoever comes by a named place, the n-th time, again and again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._left = chance.randrange(1, 12)

    def passing(self, _: str) -> None:
        self._left -= 1
        if self._left == 0:
            self._left = self._chance.randrange(1, 12)
            raise Died


class Crowd:
    """Pairs all over the bots, some of whom have opened no other; they write while their bot is moved."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage = stage
        self.chance = chance
        self.people = list(range(1, 17))
        self.at = {person: chance.choice(BOTS) for person in self.people}
        self.others = {p: [b for b in (SECOND, THIRD) if chance.random() < 0.7] for p in self.people}
        self.stranded = {p for p in self.people if self.at[p] == GONE and not self.others[p]}
        self.believed: dict[int, Standing] = {}

    @staticmethod
    def partner(person: int) -> int:
        return person + 1 if person % 2 else person - 1

    async def meet(self) -> None:
        for person in self.people:
            await self.stage.opened(person, self.at[person], *self.others[person])
        for a, b in zip(self.people[::2], self.people[1::2], strict=True):
            await self.stage.pair((a, self.at[a]), (b, self.at[b]))
        self.believed = {person: await self.stage.standing(person) for person in self.people}
        for person in self.people:
            for _ in range(self.chance.randrange(6)):
                await self.stage.write(person, self.believed[person])

    async def write(self) -> None:
        await asyncio.gather(*map(self._goes_on, self.people))

    async def _goes_on(self, person: int) -> None:
        """By old belief for a while, then by the news. Who was moved writes at the new bot."""
        learns = self.chance.randrange(8)
        for number in range(8):
            await asyncio.sleep(self.chance.random() * 0.02)
            standing = await self.stage.standing(person)
            if standing.phase is Phase.IDLE or standing.bot == GONE:
                continue
            old = self.at[person] != GONE and number < learns
            await self.stage.write(person, self.believed[person] if old else None)

    async def evaluate(self) -> None:
        stage = self.stage
        for (writer, reader), count in stage.sent.items():
            if not {reader, writer} & self.stranded:
                assert await stage.arrived(writer, reader) == list(range(count)), (writer, reader)
        for person in self.people:
            standing = await stage.standing(person)
            ended = bool({person, self.partner(person)} & self.stranded)
            assert standing.phase is (Phase.IDLE if ended else Phase.CHATTING)
            assert ended or standing.bot != GONE
            if self.partner(person) in self.stranded and person not in self.stranded:
                await self._was_told(person, standing.bot)

    async def _was_told(self, person: int, bot: BotId) -> None:
        """That the partner is gone, and of each text that it did not arrive."""
        estate = Estate(self.stage.network.client, self.stage.network.keys, GONE)
        home = bot if bot != GONE else (await estate.planned([PersonId(person)]))[PersonId(person)]
        told = await self.stage.told(person, home)
        assert told.count("partner_unreachable") == 1
        assert told.count("not_delivered_over") == self.stage.sent[person, self.partner(person)]


@pytest.mark.parametrize("seed", range(6))
async def test_nothing_is_lost_repeated_or_out_of_order_whenever_the_leader_dies(
    stage: Stage, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(execution, "AT_ONCE", chance.choice((2, 3, 5)))
    monkeypatch.setattr(execution, "passing", Trouble(chance).passing)
    crowd = Crowd(stage, chance)
    await crowd.meet()
    writing = asyncio.ensure_future(crowd.write())
    mover, deaths, whole_steps_after = stage.mover(), 0, 0
    while whole_steps_after < 2:
        done = writing.done()
        try:
            await mover.step()
        except Died:
            deaths += 1
            mover = await stage.next_leader()
        else:
            whole_steps_after += done
        await asyncio.sleep(0.01)
    await writing
    assert deaths > 0
    # As the sweeper would.
    events = (await stage.network.conversations.uncarried("+", 1_000)).events
    await stage.network.conversations.carry(events, NOW)
    assert await stage.inbox(GONE) == []
    assert await broken(stage, crowd.people) == []
    await crowd.evaluate()
