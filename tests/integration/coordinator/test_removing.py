"""`duologue bots remove`: a bot is forgotten only when nobody is left there."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain.conversation import Phase, Standing
from core.domain.fleet import BotState
from core.domain.ids import ConversationId, Epoch, PersonId
from core.domain.ticket import Pairing
from core.state.postgres.bots import BotRow, Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from core.state.postgres.reach import Reach
from tests.deploy.up import environment
from tests.integration.coordinator.processes import Start
from tests.integration.coordinator.support import ONE, TWO, Network, eventually

PATIENT, HASTY = 90.0, 0.5
PROGRAM = """
import sys
from deploy import moving
from deploy.cli import main
moving.LEADERLESS_SECONDS, moving.LONGEST_SECONDS = float(sys.argv[1]), float(sys.argv[2])
sys.argv[1:3] = ["bots", "remove"]
main()
"""


class Stage:
    """Person 1 talks at the first bot, and has opened the second one, with person 2 at the second one."""

    def __init__(self, network: Network, database: Database, settings: dict[str, str]) -> None:
        self.network = network
        self.reach = Reach(database)
        self.bots = Bots(database, TokenCipher("a secret of thirty-two characters"))
        self._settings = settings

    async def meet(self) -> None:
        for bot in (ONE, TWO):
            await self.reach.opened(PersonId(1), bot)
        await self.network.lead(1)
        await self.network.find(1, bot=ONE)
        await self.network.find(2, bot=TWO)
        tickets = await self.network.conversations.waiting(None, 2, block_ms=1)
        (matched,) = await self.network.conversations.match(Epoch(1), [Pairing(ConversationId(7), *tickets)])
        await self.network.conversations.carry(matched.events, 0)

    async def remove(
        self, *words: str, leaderless: float = PATIENT, longest: float = PATIENT, **settings: str
    ) -> tuple[int | None, str]:
        """What the command ends with, and says."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, str(leaderless), str(longest), str(ONE), *words),
            env=environment(**(self._settings | settings)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode, said.decode()

    async def row(self) -> BotRow | None:
        return next((row for row in await self.bots.list() if row.id == ONE), None)

    async def is_in(self, state: BotState) -> bool:
        row = await self.row()
        return row is not None and row.state is state

    async def standing(self) -> Standing:
        return (await self.network.conversations.standings([PersonId(1)]))[0]

    async def stays(self, state: BotState) -> bool:
        """The bot is what it was, and its person where they were."""
        standing = await self.standing()
        return await self.is_in(state) and (standing.phase, standing.bot) == (Phase.CHATTING, ONE)

    async def moved(self) -> bool:
        """Nobody knows of the bot any more, and its person goes on at the other one."""
        standing = await self.standing()
        return await self.row() is None and (standing.phase, standing.bot) == (Phase.CHATTING, TWO)

    async def hold(self, key: str, holder: str) -> None:
        """Somebody holds this lease for as long as a test runs."""
        await self.network.client.command("SET", key, f"1 {holder}")


@pytest.fixture
async def stage(network: Network, database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    settings = {
        "database_url": database_url,
        "redis_url": redis_url,
        "key_prefix": network.keys.prefix,
        "data_dir": str(tmp_path),
    }
    async with Database(database_url, size=2) as database:
        made = Stage(network, database, settings)
        for bot in (ONE, TWO):
            await made.bots.add(bot, f"bot{bot}", f"{bot}:token")
            await made.bots.set_state(bot, BotState.ACTIVE)
        yield made


async def test_its_people_are_moved_also_by_a_leader_who_comes_late(stage: Stage, start: Start) -> None:
    await stage.meet()
    removing = asyncio.create_task(stage.remove("--now"))
    await eventually(lambda: stage.is_in(BotState.QUARANTINED))
    await start()
    code, said = await removing
    assert (code, "its people were moved" in said) == (0, True), said
    assert await stage.moved()


async def test_without_a_leader_it_stays_until_the_next_time(stage: Stage, start: Start) -> None:
    await stage.meet()
    code, said = await stage.remove("--now", leaderless=HASTY)
    assert (code, "no coordinator leads" in said) == (1, True), said
    assert await stage.stays(BotState.QUARANTINED)
    await start()
    code, said = await stage.remove()
    assert (code, "its people were moved" in said) == (0, True), said
    assert await stage.moved()


async def test_one_that_retired_with_people_is_no_exception(stage: Stage, start: Start) -> None:
    await stage.meet()
    await stage.bots.set_state(ONE, BotState.RETIRED)
    code, said = await stage.remove(leaderless=HASTY)
    assert (code, "no coordinator leads" in said) == (1, True), said
    assert await stage.stays(BotState.RETIRED)
    await start()
    assert (await stage.remove())[0] == 0
    assert await stage.moved()


async def test_one_that_a_process_goes_on_serving_stays_until_that_is_stopped(
    stage: Stage, start: Start
) -> None:
    await stage.meet()
    leader = await start()
    await eventually(leader.leads)
    await stage.hold(stage.network.keys.lease(ONE), "another-host:7")
    code, said = await stage.remove("--now", longest=HASTY)
    assert (code, "another-host:7 still serves" in said) == (1, True), said
    assert await stage.stays(BotState.QUARANTINED)
    await stage.network.client.command("DEL", stage.network.keys.lease(ONE))
    assert (await stage.remove())[0] == 0
    assert await stage.moved()


async def test_one_whose_people_are_being_moved_stays_until_that_is_done(stage: Stage) -> None:
    await stage.meet()
    for key in (stage.network.keys.match_lease, stage.network.keys.lease(ONE)):
        await stage.hold(key, "the leader")
    code, said = await stage.remove("--now", longest=HASTY)
    assert (code, "not all moved yet" in said) == (1, True), said
    assert await stage.stays(BotState.QUARANTINED)


async def test_one_whose_move_came_to_no_end_stays(stage: Stage) -> None:
    await stage.bots.set_state(ONE, BotState.QUARANTINED)
    await stage.network.client.command("HSET", stage.network.keys.fences(ONE), "closed", "moving")
    code, said = await stage.remove(leaderless=HASTY)
    assert (code, "no coordinator leads" in said) == (1, True), said
    assert await stage.is_in(BotState.QUARANTINED)


@pytest.mark.parametrize("state", [BotState.QUARANTINED, BotState.RETIRED])
async def test_where_nobody_is_left_nobody_need_lead(stage: Stage, state: BotState) -> None:
    await stage.bots.set_state(ONE, state)
    code, said = await stage.remove()
    assert (code, said) == (0, f"@bot{ONE} is out of the network\n")
    assert await stage.row() is None


async def test_while_redis_does_not_answer_it_stays(stage: Stage, tmp_path: Path) -> None:
    await stage.meet()
    nowhere = f"unix://{tmp_path}/nothing.sock"
    code, said = await stage.remove("--now", longest=HASTY, redis_url=nowhere)
    assert (code, "Redis does not answer" in said) == (1, True), said
    assert await stage.stays(BotState.QUARANTINED)


async def test_without_redis_nothing_is_begun(stage: Stage) -> None:
    code, said = await stage.remove("--now", redis_url="")
    assert (code, "DUOLOGUE_REDIS_URL is not set" in said) == (1, True), said
    assert await stage.is_in(BotState.ACTIVE)
