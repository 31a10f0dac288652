"""Everything crosses, also when processes die in between."""

from typing import Any

import pytest

from core.domain.ids import BotId
from tests.bench.fidelity import ROWS
from tests.harness.crossing.messages import same, same_file
from tests.harness.crossing.stage import Pair, play, seated
from tests.harness.network import Network, running
from tests.harness.stage import inboxes_empty
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
        await inboxes_empty(network)
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
        await inboxes_empty(network)
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
