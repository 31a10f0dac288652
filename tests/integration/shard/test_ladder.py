"""Files take the cheapest way that works, within all limits, and hold up nobody."""

import asyncio
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest

from core.service.clock import SystemClock
from core.state.redis.vault_counts import MOST
from shard.files import HEADER, PATH_HEADER, Signer
from simulator.app import Options
from simulator.world.media import Source
from tests.harness.crossing import big, makers
from tests.harness.crossing.messages import same, same_file
from tests.harness.crossing.stage import Pair, play, seated
from tests.harness.network import SECRET, Network, running
from tests.harness.stage import inboxes_empty
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(180)]


async def _across(network: Network, count: int = 1) -> list[Pair]:
    """Pairs whose writers are on the first bot and whose readers on the second."""
    one, other = network.simulator.world.bots.values()
    return await seated(network, [(one, other)] * count)


async def _restart(network: Network, **settings: Any) -> None:
    for bot in network.bots:
        assert await network.stop(f"shard:{bot}") == 0
        network.start_shard(bot, **settings)
    await network.serving()


async def _step(network: Network, step: str) -> float:
    """How many files of all shards took this step of the ladder."""
    metric = f'duologue_media_total{{step="{step}"}}'
    found = [await network.figure(f"shard:{bot}", metric) for bot in network.bots]
    return sum(found)


def _breaches(network: Network) -> int:
    totals = network.simulator.control.report()["totals"]
    return int(totals["bot_breaches"] + totals["chat_breaches"])


async def test_a_file_that_came_once_comes_by_id_also_after_a_restart() -> None:
    async with running(2, log_level="warning") as network:
        first, second = await _across(network, 2)
        files = [first.writer.file("photo"), makers.made(first.writer, makers.jpeg, "a.jpg", "image/jpeg")]
        for file in files:
            first.writer.attach(file)
        seen = await first.crossed(2)
        assert (await _step(network, "streamed"), await _step(network, "cleaned")) == (1, 1)
        await _restart(network)
        for file in files:
            second.writer.attach(file)
        again = await second.crossed(2)
        assert [one.attachment for one in again] == [one.attachment for one in seen]
        assert (await _step(network, "streamed"), await _step(network, "cleaned")) == (0, 0)
        assert await _step(network, "remembered") == 2


async def test_who_agreed_is_not_asked_again_after_a_death() -> None:
    async with running(2, log_level="warning") as network:
        (pair,) = await _across(network)
        pair.writer.attach(pair.writer.file("document", name="paper.pdf"))
        pair.writer.press(await pair.writer.one(), "file:send")
        await pair.crossed()
        told = len(pair.writer.shown())
        await inboxes_empty(network)
        for bot in network.bots:
            network.kill(f"shard:{bot}")
            network.start_shard(bot)
        sent = pair.writer.attach(pair.writer.file("document", name="more.pdf"))
        same_file(sent, (await pair.crossed(1, 1))[0])
        assert len(pair.writer.shown()) == told


async def test_big_files_go_through_the_vaults_within_their_limits() -> None:
    async with running(2, vaults=3, log_level="warning") as network:
        results = await play(network, big.rows("through a vault"))
        assert [result for result in results if result.why or result.leaks] == []
        pairs = await _across(network, 25)
        for number, pair in enumerate(pairs):
            file = pair.writer.file("document", big.BIG, name=f"{number}.bin")
            pair.writer.attach(file, f"caption {number}")
        for number, pair in enumerate(pairs):
            (seen,) = await pair.crossed()
            assert seen.body["caption"] == f"caption {number}"
            assert seen.attachment is not None
            assert seen.attachment.file.name == f"{number}.bin"
        assert await _step(network, "vault") == 25 + 2
        assert await _step(network, "forwarded") == 4
        for channel in network.simulator.world.channels.values():
            assert channel.messages, "one channel was not used"
            assert all("caption" not in post.body for post in channel.messages.values())
        assert _breaches(network) == 0


async def test_who_serves_the_token_next_counts_a_vaults_minute_on() -> None:
    """Both shards die when they have used most of a channel's minute, and others go on within it."""
    async with running(2, vaults=1, log_level="warning") as network:
        pairs = await _across(network, MOST + 4)
        for pair in pairs[:-8]:
            pair.writer.attach(pair.writer.file("document", big.BIG))
        for pair in pairs[:-8]:
            await pair.crossed()
        await inboxes_empty(network)
        for bot in network.bots:
            network.kill(f"shard:{bot}")
            network.start_shard(bot)
        for pair in pairs[-8:]:
            pair.writer.attach(pair.writer.file("document", big.BIG))
        quick = pairs[0].writer.say("texts go on")
        same(quick, (await pairs[0].crossed(1, 1))[0], "text")

        def crossed() -> int:
            return sum(bool(pair.reader.shown()) for pair in pairs)

        await until(lambda: crossed() == MOST, 30, "as many files to cross as a minute has room for")
        (vault,) = network.simulator.world.channels.values()
        assert len(vault.messages) == MOST
        assert _breaches(network) == 0
        assert [record.refused for record in network.simulator.judge.records.values()] == [0, 0]


async def test_vaults_that_refuse_us_stop_nobody() -> None:
    """Neither a chat, which would wait for them for ever, nor a conversation, which would be ended."""
    async with running(2, vaults=2, log_level="warning") as network:
        writers, readers = network.simulator.world.bots
        one, other = network.simulator.world.channels.values()
        one.members.pop(writers)
        other.members.pop(readers)
        (pair,) = await _across(network)
        sent = pair.writer.attach(pair.writer.file("document", 2_000_000, name="small.bin"))
        same_file(sent, (await pair.crossed())[0])
        assert await _step(network, "streamed") == 1
        pair.writer.attach(pair.writer.file("document", big.BIG))
        await pair.told("too big")
        later = pair.writer.say("and on we go")
        same(later, (await pair.crossed(1, 1))[0], "text")


async def test_a_post_that_is_gone_is_made_anew() -> None:
    async with running(2, vaults=1, log_level="warning") as network:
        (pair,) = await _across(network)
        file = pair.writer.file("document", big.BIG, name="big.bin")
        pair.writer.attach(file, "1")
        await pair.crossed()
        (vault,) = network.simulator.world.channels.values()
        for post in vault.messages.values():
            post.deleted = True
        again = pair.writer.attach(file, "2")
        (seen,) = await pair.crossed(1, 1)
        same_file(again, seen)
        same(again, seen, "caption")


async def test_with_a_local_server_files_go_by_path_and_no_token_travels() -> None:
    options = Options(port=0, bots=2, local=True)
    async with running(2, options=options, log_level="warning") as network:
        results = await play(network, [*big.rows("by path"), *makers.ROWS])
        assert [result for result in results if result.why or result.leaks] == []
        assert await _step(network, "path") >= 5
        writer, _ = network.simulator.world.bots.values()
        file = network.simulator.world.media.make("document", Source(b"hello", name="a.txt"))
        file_id = network.simulator.world.files.id_for(writer.id, file.file)
        signed = {HEADER: Signer(SystemClock(), SECRET).sign(file_id)}
        url = f"http://127.0.0.1:{network.port(f'shard:{writer.id}')}/file/{file_id}"
        async with aiohttp.ClientSession() as session:
            async with session.get(url, params={"name": "b ü.txt"}, headers=signed) as answer:
                path = unquote(answer.headers[PATH_HEADER])
                assert path.endswith("/b ü.txt")
                assert writer.token not in path
                assert writer.token.partition(":")[2] not in str(answer.raw_headers)
            async with session.get(url, headers=signed) as answer:
                assert PATH_HEADER not in answer.headers
                assert await answer.read() == b"hello"


async def test_uploads_hold_up_no_texts_and_little_memory() -> None:
    async with running(2, log_level="warning") as network:
        pairs = await _across(network, 24)
        busy, idle = pairs[:20], pairs[20:]
        shards = [f"shard:{bot}" for bot in network.bots]
        before = [await network.figure(name, "process_resident_memory_bytes") for name in shards]
        files = [pair.writer.file("document", 6_000_000) for pair in busy]
        sent = [pair.writer.attach(file) for pair, file in zip(busy, files, strict=True)]
        peaks = before
        while not all(pair.reader.shown() for pair in busy):
            written = [pair.writer.say("quick") for pair in idle]
            counts = [len(pair.reader.shown()) for pair in idle]
            await asyncio.gather(*(pair.crossed(1, count) for pair, count in zip(idle, counts, strict=True)))
            assert len(written) == len(idle)
            now = [await network.figure(name, "process_resident_memory_bytes") for name in shards]
            peaks = [max(pair) for pair in zip(peaks, now, strict=True)]
        for one, pair in zip(sent, busy, strict=True):
            same_file(one, (await pair.crossed())[0])
        assert any(len(pair.reader.shown()) > 1 for pair in idle), "texts waited for the uploads"
        grown = [peak - was for peak, was in zip(peaks, before, strict=True)]
        assert max(grown) < 20 * 8_000_000
