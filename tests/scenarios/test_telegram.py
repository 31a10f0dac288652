"""Telegram's faults, one after the other on one network: nothing is lost, and order holds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from core.domain.content import Text
from core.domain.envelope import VERSION, Envelope, Lane, Relay, decode, encode
from core.domain.ids import BotId, Epoch, MessageId, PersonId
from core.state.redis.client import RedisClient
from core.state.redis.conversations import Conversations
from core.state.redis.keys import Keys
from core.state.redis.streams import Append, Source, Streams
from shard.outbound.inbox import WINDOW
from shard.outbound.sender import AT_ONCE
from simulator.faults.rules import Kind, Rule
from simulator.world.actors import Bot
from tests.bench.load import UNLIMITED, Talker, staged
from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import bot, breaches, complete, inbox_empty, inbox_holds, met, parted
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

SENDS = ("sendMessage",)
POLLS = ("getUpdates",)

FAULTS: dict[str, list[Rule]] = {
    "5xx with HTML": [Rule(kind=Kind.SERVER_ERROR, every=3)],
    "500 as JSON": [Rule(kind=Kind.ERROR, status=500, description="Internal Server Error: restart", every=3)],
    "a storm of 429": [Rule(kind=Kind.TOO_MANY, methods=SENDS, every=2, times=12, seconds=1)],
    "429 in disguise": [Rule(kind=Kind.DISGUISED, methods=SENDS, every=2, times=6, seconds=1)],
    "429 while polling": [Rule(kind=Kind.TOO_MANY, methods=POLLS, every=2, times=4, seconds=1)],
    "reset before it is done": [Rule(kind=Kind.RESET_BEFORE, every=3)],
    "slow to do it": [Rule(kind=Kind.SLOW, every=2, seconds=0.7)],
    "slow to answer": [Rule(kind=Kind.SLOW_ANSWER, every=2, seconds=0.7)],
    "updates that come again": [Rule(kind=Kind.DUPLICATE, methods=POLLS, every=2, count=8)],
    "updates out of order": [Rule(kind=Kind.REORDER, methods=POLLS)],
}
"""Nothing may be shown twice."""

ANSWER_LOST: dict[str, list[Rule]] = {
    "reset after it was done": [Rule(kind=Kind.RESET_AFTER, methods=SENDS, every=5, times=4)],
    "JSON that ends in the middle": [Rule(kind=Kind.TRUNCATED, methods=SENDS, every=5, times=4)],
    "a body that ends in the middle": [Rule(kind=Kind.CUT, methods=SENDS, every=5, times=4)],
    "5xx after it was done": [Rule(kind=Kind.TRUNCATED, methods=POLLS, every=2, times=4)],
}
"""Each hit may show one text twice: nobody can know that it was done."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(2) as network:
        yield network


async def _talk_under(network: Network, rules: list[Rule], pairs: Pairs, *, bursts: bool = False) -> int:
    """Four texts each while the rules are in force; how often they hit."""
    faults = network.simulator.faults
    for rule in rules:
        rule.hits = rule.seen = 0
        faults.add(rule)
    for _ in range(2 if bursts else 4):
        for member in pairs.members:
            pairs.write(member)
            if bursts:
                pairs.write(member)
        await asyncio.sleep(1.6 if bursts else 0.8)
    await until(lambda: any(rule.hits for rule in rules), 30, "the fault to happen")
    await pairs.settled(60)
    faults.remove()
    return sum(rule.hits for rule in rules)


@pytest.fixture(scope="module")
def talkers() -> list[Pairs]:
    return []


async def _pairs(network: Network, talkers: list[Pairs]) -> Pairs:
    """The same people for all faults of this network."""
    if not talkers:
        talkers.append(await met(network, 4))
    return talkers[0]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_loses_and_repeats_nothing(network: Network, talkers: list[Pairs], fault: str) -> None:
    pairs = await _pairs(network, talkers)
    before = pairs.evaluate().repeats
    await _talk_under(network, FAULTS[fault], pairs, bursts=fault == "updates out of order")
    verdict = pairs.evaluate()
    assert complete(verdict), verdict
    assert verdict.repeats == before
    assert network.ended() == {}


@pytest.mark.parametrize("fault", ANSWER_LOST)
async def test_a_lost_answer_repeats_at_most_what_it_was_about(
    network: Network, talkers: list[Pairs], fault: str
) -> None:
    pairs = await _pairs(network, talkers)
    before = pairs.evaluate().repeats
    hits = await _talk_under(network, ANSWER_LOST[fault], pairs)
    verdict = pairs.evaluate()
    assert complete(verdict), verdict
    assert verdict.repeats - before <= hits
    assert network.ended() == {}


async def test_somebody_else_polls_or_has_set_a_webhook(network: Network, talkers: list[Pairs]) -> None:
    pairs = await _pairs(network, talkers)
    bot_id, account = bot(network, 0)
    for member in pairs.members:
        pairs.write(member)

    async def noticed() -> bool:
        """The shard is told only while it waits for updates itself."""
        await _foreign(network, account, "getUpdates", timeout=0)
        await asyncio.sleep(0.2)
        return await network.figure(f"shard:{bot_id}", "duologue_poll_conflicts_total") >= 1

    await until(noticed, 40, "the shard to notice the other poller")
    assert (await _foreign(network, account, "setWebhook", url="https://127.0.0.1:9/"))["ok"]
    for member in pairs.members:
        pairs.write(member)
    await pairs.settled(60)
    assert complete(pairs.evaluate())
    info = await _foreign(network, account, "getWebhookInfo")
    assert info["result"]["url"] == ""


async def test_a_call_that_is_never_answered_holds_up_its_own_chat_only(
    network: Network, talkers: list[Pairs]
) -> None:
    pairs = await _pairs(network, talkers)
    one = pairs.members[0]
    other = pairs.members[-1]
    before = pairs.evaluate().repeats
    swallowed = network.simulator.faults.add(
        Rule(kind=Kind.BLACKHOLE, methods=SENDS, chats=(one.person.id,), times=1)
    )
    assert one.partner is not None
    assert other.partner is not None
    for _ in range(3):
        pairs.write(one.partner)
        pairs.write(other.partner)
    await until(lambda: swallowed.hits == 1, 20, "a call to be swallowed")
    seen = len(other.partner.sent)
    await until(lambda: len({n for _, n, _ in other.seen}) == seen, 20, "the other chat to go on")
    await pairs.settled(60)
    network.simulator.faults.remove()
    verdict = pairs.evaluate()
    assert complete(verdict), verdict
    assert verdict.repeats == before


async def test_after_an_outage_everything_comes_in_order(network: Network, talkers: list[Pairs]) -> None:
    """An hour is a minute's eighth here; what waits is bounded by what is written, not by the time."""
    pairs = await _pairs(network, talkers)
    faults = network.simulator.faults
    before = pairs.evaluate().repeats
    faults.add(Rule(kind=Kind.RESET_BEFORE))
    for _ in range(8):
        for member in pairs.members:
            pairs.write(member)
        await asyncio.sleep(1)
    faults.remove()
    await pairs.settled(60)
    verdict = pairs.evaluate()
    assert complete(verdict), verdict
    assert verdict.repeats == before
    assert network.ended() == {}
    await parted(pairs)
    assert breaches(network) == 0


async def test_a_button_that_is_too_old_to_be_answered_does_no_harm(network: Network) -> None:
    pairs = await met(network, 1)
    faults = network.simulator.faults
    old = faults.add(
        Rule(
            kind=Kind.ERROR,
            methods=("answerCallbackQuery",),
            status=400,
            description="Bad Request: query is too old and response timeout expired or query ID is invalid",
        )
    )
    a, b = pairs.members
    pairs.press(a, "menu:stop")
    await until(lambda: b.told("has left"), 20, "what the button asks for to be done all the same")
    await until(lambda: old.hits > 0, 20, "the answer to the button to be refused")
    faults.remove()
    bot_id, _ = bot(network, 0)
    assert await network.figure(f"shard:{bot_id}", "duologue_handler_failures_total") == 0
    assert network.ended() == {}


async def test_answers_that_say_nothing_cost_no_room() -> None:
    """More than are in work at the same time: each is put aside, and those behind them go on."""
    strange = 3 * AT_ONCE
    async with staged(1, 2 * strange, caps=UNLIMITED, send_rate=1000) as (network, crowd):
        bot_id, _ = bot(network, 0)
        rule = network.simulator.faults.add(Rule(kind=Kind.STRANGE, methods=SENDS, times=strange))
        for _ in range(2 * strange):
            crowd.one(bot_id)
        await crowd.settled(30)
        await inbox_empty(network, bot_id)
        assert (crowd.ledger().lost, crowd.ledger().repeats, rule.hits) == (0, 0, strange)
        assert await network.figure(f"shard:{bot_id}", "duologue_poison_total") == strange
        assert network.ended() == {}


async def test_a_chat_that_telegram_holds_for_long_holds_up_nobody() -> None:
    """More waits for it than a shard has in memory of all chats together."""
    async with staged(1, 20) as (network, crowd):
        bot_id, _ = bot(network, 0)
        held = crowd.talkers[0]
        hour = Rule(kind=Kind.TOO_MANY, methods=SENDS, chats=(held.person.id,), seconds=3600)
        network.simulator.faults.add(hour)
        await _pile_up(network, bot_id, held, 2 * WINDOW)
        await until(lambda: hour.hits > 0, 20, "Telegram to hold the chat")
        others = [talker for talker in crowd.talkers if talker.partner is not held]
        for talker in others:
            crowd.say(talker)
        await until(
            lambda: all(talker.partner.seen for talker in others), 20, "all others to hear from theirs"
        )
        assert not held.seen
        await inbox_holds(network, bot_id, 2 * WINDOW)
        assert await _waiting_for(network, bot_id, held) == 2 * WINDOW, "what waits for it is still there"
        assert network.ended() == {}


async def _pile_up(network: Network, bot_id: int, to: Talker, count: int) -> None:
    """So many messages of their partner wait for somebody, as if these had written for hours."""
    keys = Keys(network.settings.key_prefix)
    writer = PersonId(to.partner.person.id)
    async with RedisClient(network.settings.redis_url or "") as client:
        streams = Streams(client, keys)
        (standing,) = await Conversations(client, keys, streams).standings([writer])
        appends: list[Append] = []
        for number in range(count):
            body = Relay(
                *(standing.conversation, standing.side, writer, BotId(bot_id)),
                *(MessageId(1_000 + number), Text("hello")),
            )
            one = encode(Envelope(VERSION, PersonId(to.person.id), Lane.RELAYED, 0, body))
            appends.append(Append(BotId(bot_id), str(number), one))
        for at in range(0, count, 500):
            await streams.append(Source("script", Epoch(0)), appends[at : at + 500], 0, safe=False)


async def _waiting_for(network: Network, bot_id: BotId, talker: Talker) -> int:
    """How many entries of the bot's inbox are meant for somebody."""
    inbox = Keys(network.settings.key_prefix).inbox(bot_id)
    async with RedisClient(network.settings.redis_url or "") as client:
        entries = await client.command("XRANGE", inbox, "-", "+")
    recipients = [decode(fields[1]).to for _, fields in entries]
    return recipients.count(PersonId(talker.person.id))


async def _foreign(network: Network, account: Bot, method: str, **params: object) -> dict[str, Any]:
    """A call by somebody else who has the token."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{network.simulator.url}/bot{account.token}/{method}", json=params) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        return found
