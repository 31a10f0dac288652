"""What must hold with nobody killed: no SQL on the hot path, an orderly end, people who go, bad input."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import msgspec
import pytest
import pytest_asyncio

from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.poison import Kind, PoisonBox, PoisonCipher
from tests.harness.network import SECRET, Network, running
from tests.harness.pairs import Pairs
from tests.harness.stage import begins, bot, breaches, complete, inbox_empty, met, parted
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(2) as network:
        yield network


async def _sum(network: Network, metric: str) -> float:
    return sum([await network.figure(f"shard:{bot_id}", metric) for bot_id in network.bots])


async def test_a_relayed_message_costs_no_sql(network: Network) -> None:
    pairs = await met(network, 10)
    before = await _sum(network, "duologue_sql_statements_total")
    await pairs.talk(messages=10, rate=2.0)
    await pairs.settled(40)
    verdict = pairs.evaluate()
    assert verdict.sent == 200
    assert complete(verdict)
    assert await _sum(network, "duologue_sql_statements_total") == before
    await parted(pairs)


async def test_a_shard_told_to_end_loses_and_repeats_nothing(network: Network) -> None:
    pairs = await met(network, 8)
    talking = asyncio.ensure_future(pairs.talk(messages=10, rate=1.0))
    await until(lambda: pairs.shown() > 8, 20, "the talk to be under way")
    for bot_id in network.bots:
        assert await network.stop(f"shard:{bot_id}") == 0
        network.start_shard(bot_id)
    await talking
    await pairs.settled(40)
    verdict = pairs.evaluate()
    assert complete(verdict)
    assert verdict.repeats == 0
    assert breaches(network) == 0
    await parted(pairs)


async def test_all_told_to_end_at_once_lose_and_repeat_nothing(network: Network) -> None:
    pairs = await met(network, 8)
    talking = asyncio.ensure_future(pairs.talk(messages=8, rate=1.0))
    await until(lambda: pairs.shown() > 8, 20, "the talk to be under way")
    names = list(network.processes)
    began = time.monotonic()
    assert await asyncio.gather(*(network.stop(name) for name in names)) == [0] * len(names)
    assert time.monotonic() - began < 10
    for name in names:
        network.start_again(name)
    await talking
    await pairs.settled(40)
    verdict = pairs.evaluate()
    assert complete(verdict)
    assert verdict.repeats == 0
    assert breaches(network) == 0
    await parted(pairs)


async def test_the_partner_hears_when_somebody_has_blocked_the_bot_or_is_gone(network: Network) -> None:
    pairs = await met(network, 2)
    a, b, c, d = pairs.members
    network.simulator.world.people.block(a.person, a.bot)
    await until(lambda: b.told("can no longer be reached"), 20, "the partner of who blocked to hear of it")
    network.simulator.world.people.vanish(c.person)
    pairs.say(d, "are you there?")
    await until(lambda: d.told("can no longer be reached"), 20, "the partner of who is gone to hear of it")


async def test_what_cannot_be_read_stops_nothing(network: Network) -> None:
    pairs = await met(network, 4)
    bot_id, account = bot(network, 0)
    person = pairs.members[0].person.id
    chat = {"id": person, "type": "private"}
    deep = msgspec.Raw(b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}")
    no_text = msgspec.Raw(b'{"message_id":7,"chat":{"id":%d,"type":"private"},"text":"\xff"}' % person)
    unreadable: tuple[object, ...] = (
        {"message_id": "seven", "chat": chat, "date": 0, "text": "?"},
        {"message_id": 7, "chat": {"id": "who", "type": 3}},
        deep,
        no_text,
        {"message_id": 7, "chat": chat, "date": 0, "text": "/report \0 \ud7ff", "entities": [{"type": 5}]},
        [],
        {"message_id": 8, "chat": chat, "date": 0, "text": "x" * 1_000_000},
    )
    talking = asyncio.ensure_future(pairs.talk(messages=6, rate=1.0))
    for payload in unreadable:
        account.queue.push("message", payload, person)
        account.queue.push("callback_query", payload, person)
        await asyncio.sleep(0.3)
    keys = Keys(network.settings.key_prefix)
    # These can be read: one arrives, the other Telegram refuses.
    for number, text, offset in ((10**6, "points beyond its end", 4_000), (10**6 + 1, "before it", -5)):
        entities = [{"type": "bold", "offset": offset, "length": 900}]
        odd = {"message_id": number, "chat": chat, "text": text, "entities": entities}
        account.queue.push("message", odd, person)
    async with RedisClient(network.settings.redis_url or "") as client:
        for entry in (b"", b"no envelope", b"\x95" * 5_000, b"\x95\x01\x02"):
            await client.command("XADD", keys.inbox(bot_id), "*", "e", entry)
        await talking
        await pairs.settled(40)
        assert complete(pairs.evaluate())
        await inbox_empty(network, bot_id)
        writer, reader = pairs.members[0], pairs.members[0].partner
        assert reader is not None
        await until(lambda: reader.told("points beyond its end"), 20, "what can be read to arrive")
        await until(
            lambda: writer.told(begins("not_delivered_refused")), 20, "the writer to hear of the rest"
        )
        assert not reader.told("before it")
        box = PoisonBox(client, keys, bot_id, PoisonCipher(SECRET))
        kinds = Counter(one.kind for one in await box.all())
        assert kinds[Kind.ENVELOPE] == 4
        assert kinds[Kind.UPDATE] >= 6
        # Replayed, it is still not readable: it lies there again, and has stopped nothing.
        for one in await box.all():
            await box.replay(one)
        await until(lambda: _is_empty(client, keys.replays(bot_id)), 20, "updates to be taken in again")
        await inbox_empty(network, bot_id)

        async def lie_there_again() -> bool:
            return Counter(one.kind for one in await box.all()) == kinds

        await until(lie_there_again, 20, "all to be put aside once more")
    assert network.ended() == {}
    assert await network.figure(f"shard:{bot_id}", "duologue_poison_total") == 8
    await parted(pairs)


async def test_a_newcomer_to_a_full_bot_is_shown_the_way_to_one_with_room(network: Network) -> None:
    bot_id, account = bot(network, 0)
    _, other = bot(network, 1)
    name = f"shard:{bot_id}"
    pairs = await met(network, 2)
    await network.stop(name)
    network.start_shard(bot_id, send_rate=1.0)
    busy = asyncio.ensure_future(pairs.talk(messages=60, rate=1.0))
    newcomers = Pairs(network.simulator)
    for _ in range(30):
        one = newcomers.add(account)
        network.simulator.world.people.open(one.person, account)
        await until(partial(bool, one.words), 30, "an answer to /start")
        if one.told("is full right now"):
            break
        await asyncio.sleep(1)
    assert one.told("is full right now")
    assert one.offers_link(f"/{other.username}?start=")
    busy.cancel()
    network.kill(name)
    network.start_shard(bot_id)


async def _is_empty(client: RedisClient, stream: str) -> bool:
    return int(await client.command("XLEN", stream)) == 0
