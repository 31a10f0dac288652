"""Everything crosses, also when processes die in between, and files take the cheapest way."""

import asyncio
from typing import Any

import pytest

from core.domain.ids import BotId
from simulator.app import Options
from tests.bench.fidelity import ROWS
from tests.harness.crossing.messages import same, same_file
from tests.harness.crossing.stage import Pair, play, seated
from tests.harness.network import Network, running
from tests.harness.waiting import until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(180)]


async def _across(network: Network, count: int = 1) -> list[Pair]:
    """Pairs whose writers are on the first bot and whose readers on the second."""
    one, other = network.simulator.world.bots.values()
    return await seated(network, [(one, other)] * count)


async def _restart(network: Network, *, kill: bool, **settings: Any) -> None:
    for bot in network.bots:
        name = f"shard:{bot}"
        if kill:
            network.kill(name)
        else:
            assert await network.stop(name) == 0
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


async def test_every_row_holds_on_one_bot_and_across_two() -> None:
    async with running(2, log_level="warning") as network:
        results = await play(network, ROWS)
        assert [result for result in results if result.why or result.leaks] == []
        assert _breaches(network) == 0


async def test_what_was_said_before_a_kill_can_be_answered_edited_and_taken_back() -> None:
    async with running(2, log_level="warning") as network:
        (pair,) = await _across(network)
        sent = pair.writer.say("before")
        (seen,) = await pair.crossed()
        await _restart(network, kill=True)
        answer = pair.reader.say("after", reply_to=seen.id)
        shown = await pair.writer.one()
        same(answer, shown, "text")
        assert shown.reply_to is sent
        pair.writer.edit(sent, text="edited")
        await pair.becomes(lambda: seen.body["text"] == "edited", "the edit")
        pair.reader.react(seen, "👍")
        await pair.becomes(lambda: bool(sent.bot_reaction), "the reaction")
        pair.writer.say("🗑", reply_to=sent.id)
        await pair.becomes(lambda: seen.deleted and sent.deleted, "both to go")


@pytest.mark.parametrize("whose", ["writer", "reader"])
async def test_an_album_is_whole_when_a_shard_is_killed_in_its_middle(whose: str) -> None:
    async with running(2, log_level="warning") as network:
        (pair,) = await _across(network)
        warm = pair.writer.say("hello")
        same(warm, (await pair.crossed())[0], "text")
        sent = pair.writer.album([(pair.writer.file("photo"), f"{n}") for n in range(5)])
        if whose == "reader":
            await until(lambda: not pair.writer.bot.queue.live(), 10, "the album to be taken in")
        side = pair.writer if whose == "writer" else pair.reader
        name = f"shard:{side.bot.id}"
        network.kill(name)
        network.start_shard(BotId(side.bot.id))
        seen = await pair.crossed(5, 1)
        assert len({one.body.get("media_group_id") for one in seen}) == 1
        for one, other in zip(sent, seen, strict=True):
            same_file(one, other)
            same(one, other, "caption")


async def test_a_file_that_came_once_comes_by_id_also_after_a_restart() -> None:
    async with running(2, log_level="warning") as network:
        first, second = await _across(network, 2)
        file = first.writer.file("photo")
        first.writer.attach(file)
        await first.crossed()
        assert await _step(network, "streamed") == 1
        await _restart(network, kill=False)
        sent = second.writer.attach(file)
        same_file(sent, (await second.crossed())[0])
        assert await _step(network, "streamed") == 0
        assert await _step(network, "remembered") == 1


async def test_big_files_go_through_the_vaults_within_their_limits() -> None:
    async with running(2, log_level="warning") as network:
        world = network.simulator.world
        channels = [world.create_channel(name) for name in ("one", "two")]
        for channel in channels:
            channel.members.update(dict.fromkeys(world.bots, "administrator"))
        await _restart(network, kill=False, vault_channels=tuple(int(channel.id) for channel in channels))
        pairs = await _across(network, 12)
        for number, pair in enumerate(pairs):
            file = pair.writer.file("document", 30_000_000, name=f"{number}.bin")
            pair.writer.attach(file, f"caption {number}")
        for number, pair in enumerate(pairs):
            (seen,) = await pair.crossed()
            assert seen.body["caption"] == f"caption {number}"
            assert seen.attachment is not None
            assert seen.attachment.file.name == f"{number}.bin"
        assert await _step(network, "vault") == 12
        assert await _step(network, "streamed") == 0
        for channel in channels:
            assert channel.messages, "only one channel was used"
            assert all("caption" not in post.body for post in channel.messages.values())
        assert _breaches(network) == 0


async def test_with_a_local_server_files_go_by_path() -> None:
    options = Options(port=0, bots=2, local=True)
    async with running(2, options=options, log_level="warning") as network:
        (pair,) = await _across(network)
        sent = pair.writer.attach(pair.writer.file("video", 30_000_000), "by path")
        (seen,) = await pair.crossed()
        same_file(sent, seen)
        same(sent, seen, "caption")
        assert await _step(network, "path") == 1


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
