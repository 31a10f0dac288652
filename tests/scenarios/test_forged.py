"""Nothing that somebody made up gets in: buttons and links are sealed, for one person at one bot."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.domain.fleet import BotState
from core.state.postgres.bots import Bots
from core.state.postgres.pool import Database
from shard.inbound.manners import BURST
from simulator.people.buttons import other_bot
from tests.harness.network import Network, running
from tests.harness.pairs import Member, Pairs, buttons_of
from tests.harness.stage import begins, bot
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(2) as network:
        yield network


async def _told(member: Member, key: str) -> None:
    await until(lambda: member.told(begins(key)), 15, f"words of {key}")


async def test_a_button_is_good_for_the_person_it_was_given_to_only(network: Network) -> None:
    deeds = network.simulator.world.deeds
    pairs = Pairs(network.simulator)
    _, one = bot(network, 0)
    a, b = pairs.add(one), pairs.add(one)
    await pairs.join([a, b])
    await pairs.meet(a, b)
    assert a.last is not None
    assert b.last is not None
    (stop,) = (data for data in buttons_of(a.last) if data.startswith("menu:stop:"))
    plain = stop.partition("-")[0]
    forged = (stop, plain, f"{plain}-1{'A' * 16}", stop[:-1], "menu:stop:", "", "\x1b[2J\n" * 8)
    before = await network.figure(f"shard:{one.id}", "duologue_seals_broken_total")
    for data in forged:
        b.words.clear()
        deeds.forge(b.person, b.bot, b.last.id, data)
        await _told(b, "old_button")
    after = await network.figure(f"shard:{one.id}", "duologue_seals_broken_total")
    assert after - before == len(forged)
    pairs.write(a)
    await until(lambda: pairs.missing() == 0, 15, "the chat to go on")
    pairs.press(b, "menu:stop")
    await _told(b, "you_left")
    await _told(a, "partner_left")


async def test_only_who_was_sent_on_passes_by_the_link(network: Network) -> None:
    full, first = bot(network, 0)
    other, second = bot(network, 1)
    people = network.simulator.world.people
    pairs = Pairs(network.simulator)
    assert network.settings.database_url is not None
    async with Database(network.settings.database_url) as database:
        bots = Bots(database, None)
        assert await bots.set_state(full, BotState.DRAINING)
        guest, stranger = pairs.add(first), pairs.add(first)

        async def sent_on() -> bool:
            guest.words.clear()
            people.open(guest.person, first)
            await until(lambda: bool(guest.words), 15, "an answer")
            return guest.told(begins("bot_is_full"))

        await until(sent_on, 30, "the bot to be full")
        assert guest.last is not None
        found = other_bot(guest.last)
        assert found is not None
        username, payload = found
        assert username == second.username
        for forged in ("stay", payload, payload[:-1] + "_"):
            stranger.words.clear()
            people.open(stranger.person, first, forged)
            await _told(stranger, "bot_is_full")
        # Where the other bot is full too, it still takes whom the network has sent, and nobody else.
        assert await bots.set_state(full, BotState.ACTIVE)
        assert await bots.set_state(other, BotState.DRAINING)
        late = pairs.add(second)

        async def full_too() -> bool:
            late.words.clear()
            people.open(late.person, second, payload)
            await until(lambda: bool(late.words), 15, "an answer")
            return late.told(begins("bot_is_full"))

        await until(full_too, 30, "the other bot to be full")
        guest.bot = second
        guest.words.clear()
        people.open(guest.person, second, payload)
        await _told(guest, "welcome")


async def test_who_asks_without_end_is_passed_over_and_hinders_nobody(network: Network) -> None:
    deeds = network.simulator.world.deeds
    _, second = bot(network, 0)
    pairs = Pairs(network.simulator)
    pest, a, b = pairs.add(second), pairs.add(second), pairs.add(second)
    await pairs.join(pairs.members)
    await pairs.meet(a, b)
    name = f"shard:{second.id}"
    asked = BURST * 3
    assert pest.last is not None
    for number in range(asked):
        if number % 3 == 0:
            deeds.forge(pest.person, pest.bot, pest.last.id, "menu:find")
        else:
            deeds.say(pest.person, pest.bot, ("/find", "/help")[number % 3 - 1])

    async def passed_over() -> bool:
        figure = await network.figure(name, "duologue_too_much_asked_total")
        return figure > asked // 2

    await until(passed_over, 20, "commands to be passed over")
    for _ in range(3):
        pairs.write(a)
        pairs.write(b)
    await until(lambda: pairs.missing() == 0, 15, "others to go on")
