"""What a person is told, from the first tap to the last: every command, every state, in words."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.state.postgres.bots import Bots
from core.state.postgres.pool import Database
from shard.texts import ru
from simulator.app import Options
from simulator.world.identity import Identity
from tests.harness.network import Network, running
from tests.harness.pairs import Member, Pairs
from tests.harness.stage import begins
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

SEED = "words"
ADMIN = Identity(SEED).person(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(2, options=Options(port=0, bots=2, seed=SEED), admin_ids=(ADMIN,)) as network:
        yield network


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(network: Network) -> Pairs:
    """An admin on the first bot and somebody else on the second one; both have agreed."""
    pairs = Pairs(network.simulator)
    first, second = network.simulator.world.bots.values()
    await pairs.join([pairs.add(first), pairs.add(second)])
    return pairs


async def _told(member: Member, key: str) -> None:
    await until(lambda: any(w.startswith(begins(key)) for w in member.words), 15, f"words of {key}")
    member.words.clear()


async def test_every_command_is_answered(stage: Pairs) -> None:
    admin = stage.members[0]
    for command, key in (
        ("/help", "help"),
        ("/privacy", "privacy"),
        ("/settings", "settings"),
        ("/start", "welcome_back"),
        ("/stop", "nothing_to_stop"),
        ("/report", "report_nobody"),
        ("/dance", "unknown_command"),
        ("is anybody there?", "not_in_chat"),
    ):
        admin.words.clear()
        stage.say(admin, command)
        await _told(admin, key)


async def test_settings_call_a_language_by_its_name(stage: Pairs) -> None:
    admin = stage.members[0]
    admin.words.clear()
    stage.say(admin, "/settings")
    await until(lambda: any("Language: English" in words for words in admin.words), 15, "the settings")


async def test_figures_are_for_admins(stage: Pairs, network: Network) -> None:
    admin, other = stage.members
    admin.words.clear()
    stage.say(admin, "/stats")
    await until(lambda: any("429" in w for w in admin.words), 15, "the table")
    table = next(w for w in admin.words if "429" in w).splitlines()
    assert len(table) == 1 + 2 + 1
    for bot in network.simulator.world.bots.values():
        assert any(line.startswith(f"@{bot.username}") for line in table)
    other.words.clear()
    stage.say(other, "/stats")
    await _told(other, "unknown_command")


async def test_waiting_says_so_and_can_be_cancelled(stage: Pairs) -> None:
    a, _ = stage.members
    a.words.clear()
    stage.say(a, "/find")
    await _told(a, "searching")
    stage.say(a, "/find")
    await _told(a, "already_searching")
    stage.say(a, "hello?")
    await _told(a, "still_searching")
    stage.press(a, "menu:stop")
    await _told(a, "search_cancelled")


async def test_a_chat_from_hello_to_goodbye(stage: Pairs, network: Network) -> None:
    a, b = stage.members
    await stage.meet(a, b)
    await _told(a, "matched")
    stage.say(a, "/find")
    await _told(a, "already_chatting")
    old = a.last
    stage.say(b, "/next")
    await _told(a, "partner_left")
    await _told(b, "you_left_and_search")
    stage.say(b, "/stop")
    await _told(b, "search_cancelled")
    c = stage.add(b.bot)
    await stage.join([c])
    await stage.meet(a, c)
    assert old is not None
    a.words.clear()
    data = (old.markup or {})["inline_keyboard"][0][0]["callback_data"]
    network.simulator.world.deeds.press(a.person, a.bot, old.id, data)
    await _told(a, "old_button")
    stage.say(a, "/report rude")
    await _told(a, "reported")
    stage.press(a, "menu:stop")
    await _told(a, "you_left")
    await _told(c, "partner_left")


async def test_who_has_not_agreed_is_asked_first_and_may_say_no(stage: Pairs, network: Network) -> None:
    shy = stage.add(next(iter(network.simulator.world.bots.values())))
    network.simulator.world.people.open(shy.person, shy.bot)
    await _told(shy, "welcome")
    stage.say(shy, "/find")
    await _told(shy, "consent_first")
    stage.press(shy, "consent:no")
    await _told(shy, "consent_declined")


async def test_people_are_spoken_to_in_their_language(stage: Pairs, network: Network) -> None:
    bot = next(iter(network.simulator.world.bots.values()))
    member = stage.add(bot)
    member.person.language = "ru"
    member.person.refresh()
    await stage.join([member])
    member.words.clear()
    stage.say(member, "/help")
    begins = ru.WORDS["help"].replace("<b>", "").split("</b>")[0]
    await until(lambda: any(w.startswith(begins) for w in member.words), 15, "help in Russian")


@pytest.mark.parametrize("state", [BotState.DRAINING, BotState.RETIRED])
async def test_people_of_a_bot_that_leaves_are_shown_the_way_to_another(
    stage: Pairs, network: Network, state: BotState
) -> None:
    assert network.settings.database_url is not None
    member = stage.members[1]
    async with Database(network.settings.database_url) as database:
        assert await Bots(database, None).set_state(BotId(member.bot.id), state)
    member.words.clear()

    async def shown() -> bool:
        stage.say(member, "/find")
        await asyncio.sleep(2)
        stage.say(member, "/stop")
        return any(w.startswith(begins("bot_is_leaving")) for w in member.words)

    await until(shown, 30, "the way to another bot")
