"""An older text is still in Telegram's queue when somebody is moved and its shard dies: it reaches nobody.

Written before the match, to nobody or to the partner before, or to the bot to which its writer is moved.
"""

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from core.domain.ids import BotId, PersonId
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Streams
from simulator.faults.rules import Kind, Rule
from simulator.world.actors import Bot
from tests.harness.network import Network, running
from tests.harness.pairs import MOVED, Member, Pairs
from tests.harness.stage import begins, bot, inbox_empty, parted
from tests.harness.waiting import until
from tests.scenarios.moves import with_another_bot

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

PARTNERS = ["told, dies, moved", "told, moved, dies", "dies while telling, moved", "dies, met, moved"]
LEADERS = "told, dies, moved by two leaders"
OWN = ["moved, dies", "dies, moved"]
BEFORE = "to the partner before"
CASES = [*PARTNERS, LEADERS, *OWN, BEFORE]
"""Each has a bot of its own that is revoked. The first is the writer's, people are moved to the second, the
last has nothing to do with that."""


class Stage(NamedTuple):
    network: Network
    client: RedisClient
    conversations: Conversations


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with running(2 + len(CASES) + 1) as network:
        keys = Keys(network.settings.key_prefix)
        async with RedisClient(network.settings.redis_url or "") as client:
            yield Stage(network, client, Conversations(client, keys, Streams(client, keys)))


@pytest.fixture(autouse=True)
def _held_no_longer(stage: Stage) -> Iterator[None]:
    yield
    stage.network.simulator.faults.remove()


@pytest.mark.parametrize("order", [*PARTNERS, LEADERS])
async def test_what_was_written_before_a_match_reaches_nobody_after_a_move(stage: Stage, order: str) -> None:
    network = stage.network
    home, account = bot(network, 0)
    _, second = bot(network, 1)
    name = f"shard:{home}"
    pairs, gone = Pairs(network.simulator), _to_be_revoked(network, order)
    writer, partner = pairs.add(account), await with_another_bot(network, pairs, gone, second)
    await pairs.join([writer])
    pairs.say(writer, "/find")
    await until(lambda: writer.told("Looking for a partner"), 20, "somebody to wait")
    if order.startswith("dies while telling"):
        assert await network.stop(name) == 0
        network.start_again(name, failpoints=(("after_send", 3),))
        pairs.say(writer, "/help")
        await until(lambda: writer.told(begins("help")), 20, "the bot to answer")
    await _hold(network, pairs, writer)
    pairs.say(writer, "to nobody yet")
    if order.startswith("dies, met"):
        network.kill(name)
    pairs.say(partner, "/find")
    await until(lambda: partner.told("You are connected"), 20, "the partner to know of the writer")
    if order.startswith("dies while telling"):
        assert await network.end_of(name, 30) == -9
        network.kill(name)
    elif order.startswith("told"):
        await until(lambda: writer.told("You are connected"), 20, "the writer to know of the partner")
        await inbox_empty(network, home)
        if order != "told, moved, dies":
            network.kill(name)
    await _revoke(stage, pairs, gone, writer, partner, leaders=2 if order == LEADERS else 1)
    if order == "told, moved, dies":
        await inbox_empty(network, home)
        network.kill(name)
    network.simulator.faults.remove()
    network.start_shard(home)
    await _reaches_nobody(pairs, writer, partner)
    await parted(pairs)


@pytest.mark.parametrize("order", OWN)
async def test_what_was_written_to_a_bot_before_its_writer_was_moved_to_it_reaches_nobody(
    stage: Stage, order: str
) -> None:
    network = stage.network
    home, account = bot(network, 0)
    _, other = bot(network, 1)
    name = f"shard:{home}"
    pairs, gone = Pairs(network.simulator), _to_be_revoked(network, order)
    partner, witness = pairs.add(other), pairs.add(account)
    writer = await with_another_bot(network, pairs, gone, account)
    await pairs.join([partner, witness])
    await _hold(network, pairs, witness)
    network.simulator.world.deeds.say(writer.person, account, "to nobody yet")
    await pairs.meet(writer, partner)
    if order == "dies, moved":
        network.kill(name)
        await _revoke(stage, pairs, gone, partner, writer)
    else:
        await _revoke(stage, pairs, gone, partner, writer)
        await until(lambda: writer.told(MOVED), 30, "the writer to know of the move")
        await inbox_empty(network, home)
        network.kill(name)
    network.simulator.faults.remove()
    network.start_shard(home)
    await until(lambda: writer.told(MOVED), 30, "the writer to know of the move")
    await _reaches_nobody(pairs, writer, partner)
    await parted(pairs)


async def test_what_was_written_to_the_partner_before_reaches_nobody_else_after_a_move(stage: Stage) -> None:
    network = stage.network
    home, account = bot(network, 0)
    _, second = bot(network, 1)
    name = f"shard:{home}"
    pairs, gone = Pairs(network.simulator), _to_be_revoked(network, BEFORE)
    writer, first = pairs.add(account), pairs.add(bot(network, -1)[1])
    partner = await with_another_bot(network, pairs, gone, second)
    await pairs.join([writer, first])
    await pairs.meet(writer, first)
    assert await network.stop(name) == 0
    pairs.say(writer, "to the first")
    pairs.say(writer, "/next")
    # All of it is worked through, and comes again.
    network.start_shard(home, failpoints=(("before_confirm", 1),))
    assert await network.end_of(name, 30) == -9
    network.kill(name)
    network.simulator.faults.add(Rule(kind=Kind.SERVER_ERROR, bots=(home,), methods=("getUpdates",)))
    network.start_shard(home)
    await until(lambda: first.told("has left"), 30, "the first partner to hear of the end")
    pairs.say(partner, "/find")
    await until(lambda: partner.told("You are connected"), 30, "the next two to meet")
    await inbox_empty(network, home)
    network.kill(name)
    await _revoke(stage, pairs, gone, writer, partner)
    network.simulator.faults.remove()
    network.start_shard(home)
    pairs.say(writer, "to you")
    await until(lambda: partner.told("to you"), 30, "the next text to arrive")
    assert not partner.told("to the first")
    # It was worked through before, so nothing is said of it either.
    await inbox_empty(network, home)
    assert not writer.told(begins("not_delivered_early"))
    assert first.words.count("to the first") == 1
    await parted(pairs)


async def test_what_was_written_behind_a_later_search_reaches_nobody_whom_it_finds(stage: Stage) -> None:
    network = stage.network
    (home, account), (_, second) = bot(network, 0), bot(network, 1)
    name, faults = f"shard:{home}", network.simulator.faults
    pairs = Pairs(network.simulator)
    writer, first, partner = pairs.add(account), pairs.add(second), pairs.add(second)
    await pairs.join(pairs.members)
    await pairs.meet(writer, first)
    assert await network.stop(name) == 0
    await network.stop("coordinator:0")
    pairs.say(writer, "/find")
    pairs.say(writer, "to nobody yet")
    pairs.say(first, "/stop")
    await until(lambda: first.told("You have left"), 20, "the first to have left")
    # The search begins, and its process dies of it before it has told the writer that the first has left.
    faults.add(Rule(kind=Kind.SERVER_ERROR, bots=(home,), methods=("sendMessage",)))
    network.start_shard(home, failpoints=(("mid_end", 1),))
    assert await network.end_of(name, 30) == -9
    network.kill(name)
    faults.remove()
    # Somebody is found, of whom nobody hears; the next process hears of the end before the search again.
    pairs.say(partner, "/find")
    await until(lambda: partner.told("Looking for a partner"), 20, "the partner to search")
    network.start_coordinator(0, failpoints=(("mid_match", 1),))
    assert await network.end_of("coordinator:0", 30) == -9
    network.kill("coordinator:0")
    held = faults.add(Rule(kind=Kind.SERVER_ERROR, bots=(home,), methods=("getUpdates",)))
    network.start_shard(home)
    await until(lambda: writer.told("Your partner has left"), 30, "the writer to hear of that")
    faults.remove(held.id)
    await until(
        lambda: writer.told(begins("not_delivered_early")) or partner.told("to nobody yet"),
        *(30, "the older text to be taken in"),
    )
    network.start_coordinator(0)
    await until(
        lambda: sum("You are connected" in words for words in writer.words) == 2,
        *(30, "the writer to know of the partner"),
    )
    await _reaches_nobody(pairs, writer, partner)
    await parted(pairs)


async def test_what_was_written_before_words_that_telegram_refused_reaches_nobody(stage: Stage) -> None:
    network = stage.network
    (home, account), (_, second) = bot(network, 0), bot(network, 1)
    pairs = Pairs(network.simulator)
    writer, partner = pairs.add(account), pairs.add(second)
    await pairs.join(pairs.members)
    pairs.say(writer, "/find")
    await until(lambda: writer.told("Looking for a partner"), 20, "somebody to wait")
    held = await _hold(network, pairs, writer)
    pairs.say(writer, "to nobody yet")
    refused = Rule(kind=Kind.ERROR, status=400, chats=(writer.person.id,), methods=("sendMessage",), times=1)
    network.simulator.faults.add(refused)
    pairs.say(partner, "/find")
    await until(lambda: partner.told("You are connected"), 20, "the partner to know of the writer")
    await inbox_empty(network, home)
    assert not writer.told("You are connected")
    network.simulator.faults.remove(held.id)
    await _reaches_nobody(pairs, writer, partner)
    await parted(pairs)


async def test_who_was_told_by_a_version_that_notes_nothing_is_asked_once_to_send_it_again(
    stage: Stage,
) -> None:
    network = stage.network
    home, account = bot(network, 0)
    name = f"shard:{home}"
    pairs = Pairs(network.simulator)
    writer, partner = pairs.add(account), pairs.add(account)
    await pairs.join(pairs.members)
    await pairs.meet(writer, partner)
    await inbox_empty(network, home)
    assert await network.stop(name) == 0
    person = Keys(network.settings.key_prefix).person(PersonId(writer.person.id))
    await stage.client.command("HSET", person, "words", f"- {home} -1")
    network.start_shard(home)
    pairs.say(writer, "at once")
    await until(lambda: writer.told(begins("not_delivered_early")), 30, "the writer to hear of it")
    await inbox_empty(network, home)
    pairs.say(writer, "to you")
    await until(lambda: partner.told("to you"), 20, "the next text to arrive")
    assert not partner.told("at once")
    [standing] = await stage.conversations.standings([PersonId(writer.person.id)])
    assert standing.words > 0
    await parted(pairs)


def _to_be_revoked(network: Network, case: str) -> Bot:
    return bot(network, 2 + CASES.index(case))[1]


async def _hold(network: Network, pairs: Pairs, member: Member) -> Rule:
    """Telegram gives out nothing of that bot any more: what is written there stays in its queue."""
    home = BotId(member.bot.id)
    # The question that waits now was asked before the rule: its answer is this command.
    await until(lambda: member.bot.long_poll.waits, 20, "the shard to wait for updates")
    held = network.simulator.faults.add(Rule(kind=Kind.SERVER_ERROR, bots=(home,), methods=("getUpdates",)))
    pairs.say(member, "/privacy")
    await until(lambda: member.told(begins("privacy")), 20, "the last answer of Telegram to be taken in")
    return held


async def _revoke(
    stage: Stage, pairs: Pairs, gone: Bot, stays: Member, goes: Member, *, leaders: int = 1
) -> None:
    """Have one of the two moved, to the end, by so many leaders one after the other."""
    network = stage.network
    if leaders > 1:
        await network.stop("coordinator:0")
        network.start_again("coordinator:0", failpoints=(("mid_move", 4),))
    network.simulator.world.revoke(gone)
    # The shard that waits for updates learns of it with the next question.
    pairs.say(goes, "/help")
    if leaders > 1:
        assert await network.end_of("coordinator:0", 40) == -9
        network.kill("coordinator:0")
        network.start_coordinator(0)
    one, other = PersonId(stays.person.id), PersonId(goes.person.id)

    async def moved() -> bool:
        here, there = await stage.conversations.standings([one, other])
        over = await stage.conversations.newest_event() is None
        return over and here.partner_bot == there.bot != BotId(gone.id)

    await until(moved, 40, "the move to be over")


async def _reaches_nobody(pairs: Pairs, writer: Member, partner: Member) -> None:
    """The older text goes to nobody, its writer hears of it, and the next one arrives."""
    await until(
        lambda: writer.told(begins("not_delivered_early")) or partner.told("to nobody yet"),
        *(30, "the older text to be taken in"),
    )
    assert not partner.told("to nobody yet")
    pairs.say(writer, "to you")
    await until(lambda: partner.told("to you"), 20, "the next text to arrive")
