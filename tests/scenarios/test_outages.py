"""Each part can be away: what goes on meanwhile, and that all is well after."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.domain.conversation import Change, Standing
from core.domain.envelope import VERSION, Envelope, Happening, Lane, encode
from core.domain.ids import PersonId
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from tests.harness.network import Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import bot, complete, met, parted
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

TRY_LATER = "try again in a minute"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(2) as network:
        yield network


async def test_conversations_go_on_without_a_coordinator(network: Network) -> None:
    pairs = await met(network, 4)
    network.kill("coordinator:0")
    await pairs.talk(messages=3, rate=2.0)
    await pairs.settled(20)
    assert complete(pairs.evaluate())
    a, b = pairs.members[:2]
    pairs.say(a, "/stop")
    await until(lambda: b.told("has left"), 20, "the partner to hear of the end")
    newcomers = Pairs(network.simulator)
    one = newcomers.add(a.bot)
    await newcomers.join([one])
    newcomers.say(one, "/find")
    pairs.say(a, "/find")
    await until(lambda: one.told("Looking for a partner"), 20, "the search to be confirmed")
    network.start_coordinator(0)
    await until(lambda: one.last_offers("menu:next"), 30, "a partner once a coordinator is there again")
    await parted(pairs)
    await parted(newcomers)


async def test_known_people_go_on_without_postgresql(network: Network) -> None:
    pairs = await met(network, 3)
    a, b = pairs.members[:2]
    network.postgres.kill()
    await pairs.talk(messages=3, rate=2.0)
    await pairs.settled(20)
    assert complete(pairs.evaluate())
    pairs.say(a, "/stop")
    await until(lambda: b.told("has left"), 20, "the partner to hear of the end")
    pairs.say(a, "/start")
    await until(lambda: a.told("Good to see you again"), 20, "somebody known to be welcomed")
    newcomers = Pairs(network.simulator)
    one = newcomers.add(a.bot)
    network.simulator.world.people.open(one.person, one.bot)
    await until(lambda: one.told(TRY_LATER), 20, "the newcomer to be told to try again")
    c, d = pairs.members[2:4]
    pairs.say(c, "/next")
    pairs.say(a, "/find")
    await until(lambda: a.last_offers("menu:next") and c.last_offers("menu:next"), 30, "known people to meet")
    await network.postgres.start()
    await newcomers.join([one])
    await parted(pairs)
    assert d.told("has left")


async def test_an_outage_of_more_than_a_day_is_noticed_and_told_to_the_admins(network: Network) -> None:
    """Telegram has forgotten by then what it could not hand over."""
    bot_id, account = bot(network, 0)
    name = f"shard:{bot_id}"
    pairs = Pairs(network.simulator)
    admin = pairs.add(account)
    await pairs.join([admin])
    async with Database(network.settings.database_url or "") as database:

        async def heard() -> bool:
            lately = "SELECT 1 FROM bots WHERE id = $1 AND heard_at > now() - interval '1 hour'"
            return await database.fetchrow(lately, bot_id) is not None

        for hours in (23, 25):
            await network.stop(name)
            away = "UPDATE bots SET heard_at = now() - make_interval(hours => $2) WHERE id = $1"
            await database.execute(away, bot_id, hours)
            network.start_again(name, admin_ids=(admin.person.id,))
            await until(heard, 30, "the bot to hear from Telegram")
            noticed = await network.figure(name, "duologue_outages_too_long_total")
            assert noticed == (1 if hours > 24 else 0)
    await until(
        lambda: admin.told("had heard nothing from Telegram for 25 hours"), 20, "the admin to be told"
    )
    assert not admin.told("23 hours")
    assert "what people wrote before is lost" in network.log(name)


async def test_nothing_is_lost_when_redis_is_killed(network: Network) -> None:
    pairs = await met(network, 6)
    talking = asyncio.ensure_future(pairs.talk(messages=8, rate=1.0))
    await until(lambda: pairs.shown() > 12, 20, "the talk to be under way")
    network.redis.kill()
    await asyncio.sleep(1)
    await network.redis.start()
    await talking
    await pairs.settled(40)
    verdict = pairs.evaluate()
    assert complete(verdict)
    assert verdict.repeats == 0
    assert network.ended() == {}
    await parted(pairs)


async def test_who_writes_where_too_much_waits_already_is_told(network: Network) -> None:
    (here, account), (there, other) = bot(network, 0), bot(network, 1)
    pairs = Pairs(network.simulator)
    writer, reader = pairs.add(account), pairs.add(other)
    await pairs.join(pairs.members)
    await pairs.meet(writer, reader)
    await network.stop(f"shard:{here}")
    network.start_shard(here, backlog_limit=1_000)
    network.kill(f"shard:{there}")
    # What fills the stream is no news to anybody, so that it is gone in a moment afterwards.
    nothing = Happening(Change.ARRIVED, Standing())
    filler = encode(Envelope(VERSION, PersonId(reader.person.id), Lane.INTERACTIVE, 0, nothing))
    async with RedisClient(network.settings.redis_url or "") as client:
        inbox = Keys(network.settings.key_prefix).inbox(there)
        await client.pipeline([("XADD", inbox, "*", "e", filler)] * 1_000)
        pairs.say(writer, "one too many")
        await until(lambda: writer.told("cannot take more"), 20, "the writer to be told")
        assert await network.figure(f"shard:{here}", "duologue_inbox_full_total") == 1
        network.start_shard(there)
        await until(lambda: _shorter(client, inbox), 30, "the stream to be worked off")
    pairs.write(writer)
    await pairs.settled(30)
    assert complete(pairs.evaluate())
    await network.stop(f"shard:{here}")
    network.start_shard(here)
    await parted(pairs)


async def _shorter(client: RedisClient, stream: str) -> bool:
    return int(await client.command("XLEN", stream)) < 500
