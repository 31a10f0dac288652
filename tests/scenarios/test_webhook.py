"""Webhooks through a real nginx: nothing lost or out of order when processes die, and who is let in."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from core.domain.fleet import BotState
from core.state.postgres.bots import Bots
from core.state.postgres.pool import Database
from shard.inbound.webhook import path_of, secret_of
from simulator.faults.rules import Kind, Rule
from tests.harness.network import SECRET, Network, running
from tests.harness.nginx import needs_nginx, nginx
from tests.harness.pairs import Member
from tests.harness.stage import bot, breaches, complete, met, parted
from tests.harness.waiting import until

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
    needs_nginx,
]

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(slots=True)
class Front:
    """A network of two bots behind an nginx."""

    network: Network
    url: str

    async def bring(self, number: int, update: dict[str, Any], secret: str | None = None) -> int:
        """Hand an update to a bot through the front door, as Telegram would; the status."""
        bot_id, account = bot(self.network, number)
        headers = {HEADER: secret or secret_of(SECRET, account.token)}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}{path_of(bot_id)}", json=update, headers=headers) as answer,
        ):
            return answer.status

    async def figure(self, number: int, name: str) -> float:
        return await self.network.figure(f"shard:{bot(self.network, number)[0]}", f"duologue_{name}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front() -> AsyncIterator[Front]:
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    try:
        async with (
            nginx(folder, folder / "hooks") as door,
            running(2, webhook_url=door.url, webhook_sockets=folder / "hooks") as network,
        ):
            yield Front(network, door.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def text(of: Member, update: int, message: int, words: str) -> dict[str, Any]:
    """An update as Telegram writes it."""
    who = {"id": of.person.id, "is_bot": False, "first_name": "A"}
    chat = {"id": of.person.id, "type": "private", "first_name": "A"}
    return {
        "update_id": update,
        "message": {"message_id": message, "date": 1, "from": who, "chat": chat, "text": words},
    }


async def test_nothing_is_lost_when_a_shard_and_redis_are_killed(front: Front) -> None:
    network = front.network
    pairs = await met(network, 10)
    talking = asyncio.ensure_future(pairs.talk(messages=14, rate=1.2))
    await until(lambda: pairs.shown() > 20, 20, "the talk to be under way")
    bot_id, _ = bot(network, 0)
    network.kill(f"shard:{bot_id}")
    network.start_shard(bot_id)
    await asyncio.sleep(3)
    network.redis.kill()
    await asyncio.sleep(1)
    await network.redis.start()
    await talking
    await pairs.settled(60)
    verdict = pairs.evaluate()
    assert verdict.sent == 10 * 2 * 14
    assert complete(verdict)
    # At a kill at most one call a chat is under way.
    assert all(repeats <= 1 for repeats in pairs.repeats_by_member())
    assert breaches(network) == 0
    for number in (0, 1):
        assert await front.figure(number, "poll_conflicts_total") == 0
        assert await front.figure(number, "appended_total") > 0
    await parted(pairs)


async def test_who_does_not_know_the_secret_is_refused_and_counted(front: Front) -> None:
    before = await front.figure(0, "webhook_refused_total")
    taken = await front.figure(0, "messages_in_total")
    pairs = await met(front.network, 1)
    update = text(pairs.members[0], 1, 10_000, "hello")
    for secret in ("wrong", secret_of(SECRET, bot(front.network, 1)[1].token)):
        assert await front.bring(0, update, secret) == 403
    assert await front.figure(0, "webhook_refused_total") == before + 2
    assert await front.figure(0, "messages_in_total") == taken
    await parted(pairs)


async def test_what_comes_twice_is_passed_on_once(front: Front) -> None:
    network = front.network
    pairs = await met(network, 4)
    rule = network.simulator.faults.add(Rule(kind=Kind.DUPLICATE, methods=("webhook",)))
    await pairs.talk(messages=5, rate=2.0)
    await pairs.settled(20)
    sent = pairs.evaluate().sent
    assert sent == 4 * 2 * 5

    async def repeated() -> bool:
        return sum([await front.figure(n, "webhook_repeats_total") for n in (0, 1)]) >= sent

    await until(repeated, 20, "every repeat to be counted")
    network.simulator.faults.remove(rule.id)
    verdict = pairs.evaluate()
    assert complete(verdict)
    assert verdict.repeats == 0
    await parted(pairs)


async def test_a_message_overtaken_by_a_button_goes_to_nobody_else(front: Front) -> None:
    network = front.network
    pairs = await met(network, 1)
    writer, partner = pairs.members
    newest = network.simulator.world.bot(writer.bot.id).queue
    pairs.say(writer, "something")
    await until(lambda: not newest.live(), 10, "the text to be taken")
    last = newest.again(1)[0].id
    pairs.press(writer, "menu:next")
    await until(lambda: partner.told("has left"), 20, "the conversation to end")
    stranger = await met(network, 0)
    late = stranger.add(writer.bot)
    await stranger.join([late])
    stranger.say(late, "/find")
    await until(lambda: late.last_offers("menu:next"), 20, "the writer to have another partner")
    seen = len(late.words)
    # A number that was not brought before, and comes before the press.
    assert await front.bring(0, text(writer, last - 50_000, 20_000, "for the first partner")) == 200
    await until(lambda: writer.told("the chat was over already"), 20, "the writer to hear of it")
    assert len(late.words) == seen
    for member in (writer, late):
        pairs.say(member, "/stop")
    await until(lambda: late.last_offers("menu:find") and writer.last_offers("menu:find"), 20, "all to part")


async def test_from_webhooks_to_polling_and_back(front: Front) -> None:
    network = front.network
    bot_id, account = bot(network, 0)
    name = f"shard:{bot_id}"
    pairs = await met(network, 2)
    assert account.webhook is not None
    for url in (None, front.url):
        talking = asyncio.ensure_future(pairs.talk(messages=4, rate=1.0))
        assert await network.stop(name) == 0
        network.start_shard(bot_id, webhook_url=url)
        await talking
        await pairs.settled(30)
        wanted = url is not None
        await until(
            partial(lambda wanted: (account.webhook is not None) is wanted, wanted), 10, "the webhook"
        )
    verdict = pairs.evaluate()
    assert verdict.sent == 2 * 2 * 4 * 2
    assert complete(verdict)
    assert verdict.repeats == 0
    await parted(pairs)


async def test_a_bot_that_leaves_takes_its_webhook_away(front: Front) -> None:
    network = front.network
    bot_id, account = bot(network, 1)
    name = f"shard:{bot_id}"
    assert await network.stop(name) == 0
    assert account.webhook is not None, "the next process of the bot needs it"
    network.start_shard(bot_id)
    await until(
        lambda: "serving" in network.log(name).rpartition("stopped")[2], 20, "the shard to serve again"
    )
    async with Database(network.settings.database_url or "") as database:
        await Bots(database, None).set_state(bot_id, BotState.RETIRED)
    assert await network.stop(name) == 0
    assert account.webhook is None
