"""One process a token, one leader: who serves, who stands by, and what a process that was away may not do."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from simulator.faults.rules import Kind, Rule
from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import begins, bot, breaches, complete, inbox_empty, met, parted
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(2, coordinators=2) as network:
        yield network


async def test_the_second_process_of_a_token_waits_and_takes_over(network: Network) -> None:
    bot_id, _ = bot(network, 1)
    first, second = f"shard:{bot_id}", network.start_shard(bot_id, "second")
    await until(lambda: "not serving" in network.log(second), 20, "the second process to say why it waits")
    assert f"bot {bot_id} is served by" in network.log(second)
    pairs = await met(network, 2)
    await pairs.talk(messages=3, rate=2.0)
    assert await network.figure(first, "duologue_poll_conflicts_total") == 0
    assert "serving" not in network.log(second).replace("not serving", "")

    network.kill(first)
    await pairs.talk(messages=3, rate=2.0)
    await pairs.settled(30)
    assert complete(pairs.evaluate())
    assert all(repeats <= 1 for repeats in pairs.repeats_by_member())
    network.kill(second)
    network.start_shard(bot_id)
    await parted(pairs)


async def test_a_shard_frozen_beyond_its_lease_changes_nothing_any_more(network: Network) -> None:
    bot_id, _ = bot(network, 0)
    name = f"shard:{bot_id}"
    pairs = await met(network, 6)
    talking = asyncio.ensure_future(pairs.talk(messages=10, rate=1.0))
    await until(lambda: pairs.shown() > 6, 20, "the talk to be under way")
    network.freeze(name)
    second = network.start_shard(bot_id, "second")
    await until(lambda: "epoch=" in network.log(second), 20, "the second process to serve")
    network.thaw(name)
    assert await network.end_of(name) == 1, network.log(name)
    assert "is no longer the newest, this process owns it no more" in network.log(name)

    async def counted() -> bool:
        return await network.figure(second, "duologue_stale_refused") >= 1

    await until(counted, 20, "what the frozen process wanted to write to be counted as refused")
    await talking
    await pairs.settled(30)
    assert complete(pairs.evaluate())
    assert all(repeats <= 1 for repeats in pairs.repeats_by_member())
    network.kill(second)
    network.kill(name)
    network.start_shard(bot_id)
    await parted(pairs)


async def test_a_leader_frozen_beyond_its_lease_makes_nothing_any_more(network: Network) -> None:
    async def leads(number: int) -> bool:
        return await network.figure(f"coordinator:{number}", "duologue_coordinator_leads") == 1

    (leader,) = [number for number in (0, 1) if await leads(number)]
    other = 1 - leader
    network.freeze(f"coordinator:{leader}")
    await until(lambda: leads(other), 20, "the standby to lead")
    before = await network.figure(f"coordinator:{other}", "duologue_stale_refused")
    network.thaw(f"coordinator:{leader}")

    async def refused() -> bool:
        return await network.figure(f"coordinator:{other}", "duologue_stale_refused") > before

    await until(refused, 20, "what the frozen leader wanted to write to be counted as refused")
    assert network.ended() == {}
    await parted(await met(network, 2))


async def test_a_batch_that_comes_again_reaches_nobody_else(network: Network) -> None:
    bot_id, account = bot(network, 0)
    name = f"shard:{bot_id}"
    pairs = Pairs(network.simulator)
    writer, partner, next_one = pairs.add(account), pairs.add(bot(network, 1)[1]), pairs.add(account)
    await pairs.join(pairs.members)
    await pairs.meet(writer, partner)
    pairs.say(next_one, "/find")
    await until(lambda: next_one.told("Looking for a partner"), 20, "somebody to wait")
    assert await network.stop(name) == 0
    pairs.write(writer)
    pairs.say(writer, "/next")
    network.start_shard(bot_id, failpoints=(("before_confirm", 1),))
    assert await network.end_of(name, 30) == -9
    await until(lambda: partner.told("has left"), 20, "the partner to hear of the end")
    network.kill(name)
    network.start_shard(bot_id)
    await until(lambda: next_one.last_offers("menu:next"), 30, "the next two to meet")
    await until(lambda: sum("connected" in words for words in writer.words) > 1, 30, "both to know of it")
    await inbox_empty(network, bot_id)
    pairs.write(writer)
    await until(lambda: next_one.seen != [], 20, "a text to the next partner")
    assert [number for _, number, _ in next_one.seen] == [1]
    assert [number for _, number, _ in partner.seen] == [0]
    await parted(pairs)


@pytest.mark.parametrize("death", ["after it told of the match", "between telling and noting that"])
async def test_what_was_written_before_a_match_reaches_nobody_later(network: Network, death: str) -> None:
    bot_id, account = bot(network, 0)
    name = f"shard:{bot_id}"
    pairs = Pairs(network.simulator)
    writer, partner = pairs.add(account), pairs.add(bot(network, 1)[1])
    await pairs.join(pairs.members)
    pairs.say(writer, "/find")
    await until(lambda: writer.told("Looking for a partner"), 20, "somebody to wait")
    if death == "between telling and noting that":
        assert await network.stop(name) == 0
        network.start_again(name, failpoints=(("after_send", 3),))
    pairs.say(writer, "/help")
    await until(lambda: writer.told(begins("help")), 20, "the bot to answer")
    # Telegram gives out nothing any more: what the writer says now stays in its queue,
    # once the shard asks for it.
    await until(lambda: account.long_poll.waits, 20, "the shard to wait for updates")
    network.simulator.faults.add(Rule(kind=Kind.SERVER_ERROR, bots=(bot_id,), methods=("getUpdates",)))
    pairs.say(writer, "/privacy")
    await until(lambda: writer.told(begins("privacy")), 20, "the last answer of Telegram to be taken in")
    pairs.say(writer, "to nobody yet")
    pairs.say(partner, "/find")
    await until(lambda: writer.told("You are connected"), 20, "the writer to know of the partner")
    if death == "between telling and noting that":
        assert await network.end_of(name, 30) == -9
    else:
        await inbox_empty(network, bot_id)
    network.kill(name)
    network.simulator.faults.remove()
    network.start_shard(bot_id)
    await until(lambda: writer.told("you wrote it before you were connected"), 30, "the writer to hear of it")
    pairs.say(writer, "to you")
    await until(lambda: partner.told("to you"), 20, "the next text to arrive")
    assert not partner.told("to nobody yet")
    await parted(pairs)


async def test_what_was_written_behind_a_search_that_comes_again_reaches_nobody(network: Network) -> None:
    bot_id, account = bot(network, 0)
    name, faults = f"shard:{bot_id}", network.simulator.faults
    pairs = Pairs(network.simulator)
    writer, partner = pairs.add(account), pairs.add(bot(network, 1)[1])
    await pairs.join(pairs.members)
    assert await network.stop(name) == 0
    pairs.say(writer, "/find")
    pairs.say(writer, "to nobody yet")
    network.start_shard(bot_id, failpoints=(("before_confirm", 1),))
    assert await network.end_of(name, 30) == -9
    network.kill(name)
    # The next one tells of the match, and gets nothing from Telegram before it dies, too.
    faults.add(Rule(kind=Kind.SERVER_ERROR, bots=(bot_id,), methods=("getUpdates",)))
    network.start_shard(bot_id)
    pairs.say(partner, "/find")
    await until(lambda: writer.told("You are connected"), 30, "the writer to know of the partner")
    await inbox_empty(network, bot_id)
    network.kill(name)
    faults.remove()
    network.start_shard(bot_id)
    pairs.say(writer, "to you")
    await until(lambda: partner.told("to you"), 30, "the next text to arrive")
    assert not partner.told("to nobody yet")
    await parted(pairs)


async def test_the_standby_leads_when_the_leader_is_killed(network: Network) -> None:
    before = await met(network, 1)
    leads = {n: await network.figure(f"coordinator:{n}", "duologue_coordinator_leads") for n in (0, 1)}
    assert sorted(leads.values()) == [0, 1]
    leader = max(leads, key=lambda number: leads[number])
    network.kill(f"coordinator:{leader}")
    a, b = before.members
    before.say(a, "/next")
    before.say(b, "/next")
    after = await met(network, 1)
    assert await network.figure(f"coordinator:{1 - leader}", "duologue_coordinator_leads") == 1
    network.start_coordinator(leader)
    await parted(before)
    await parted(after)
    assert breaches(network) == 0
