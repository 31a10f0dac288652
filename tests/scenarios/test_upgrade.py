"""A rolling upgrade: a shard of the version before beside one of this, on the same stores, migrated by this.

The version before comes out of the repository's history; where that was cut short (a shallow clone) only
what stands in tests/integration/upgrade shows that both read each other.
"""

import asyncio
import io
import os
import subprocess
import sys
import tarfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from core.domain.ids import BotId
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.poison import PoisonBox, PoisonCipher
from tests.harness.network import SECRET, Network, running
from tests.harness.pairs import MOVED, Pairs
from tests.harness.stage import bot, breaches, complete, met, parted
from tests.harness.waiting import until
from tests.scenarios.moves import with_another_bot, write

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

BEFORE = "6b9ed57b2dd75f1207f7b5a8c29856c24a8b9c39"
ROOT = Path(__file__).parents[2]
_RUN = "from {package}.app import main; from config.settings import load; main(load(), {arguments})"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the version before."""
    found = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        pytest.skip("the version before is not in this clone's history")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as tree:
        tree.extractall(folder, filter="data")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    async with running(3, wait=False) as network:
        yield network


@asynccontextmanager
async def _old(tree: Path, network: Network, package: str, *arguments: int) -> AsyncIterator[Process]:
    """A process of the version before, with the network's settings."""
    settings = network.settings
    environment = {
        "PATH": os.environ["PATH"],
        "DUOLOGUE_DATABASE_URL": settings.database_url or "",
        "DUOLOGUE_REDIS_URL": settings.redis_url or "",
        "DUOLOGUE_TELEGRAM_API_URL": settings.telegram_api_url,
        "DUOLOGUE_SECRET_KEY": SECRET,
        "DUOLOGUE_KEY_PREFIX": settings.key_prefix,
    }
    code = _RUN.format(package=package, arguments=", ".join(map(str, arguments)))
    with (network.folder / f"old-{package}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code), cwd=tree, env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    """Meanwhile Telegram, which is in this process, goes on answering it."""
    if process.returncode is None:
        process.terminate()
    async with asyncio.timeout(15):
        await process.wait()


async def _holds_lease(network: Network, served: BotId) -> bool:
    return await network.figure(f"shard:{served}", "duologue_lease_held") == 1


async def test_old_and_new_shards_and_coordinators_serve_side_by_side(network: Network, before: Path) -> None:
    old_bot, _ = bot(network, 0)
    await network.stop(f"shard:{old_bot}")
    port = network.port(f"shard:{old_bot}")
    async with _old(before, network, "shard", old_bot, port) as process:
        await network.serving(seconds=40)
        pairs = await met(network, 6)
        talking = asyncio.ensure_future(pairs.talk(messages=6, rate=1.0))
        await until(lambda: pairs.shown() > 12, 30, "the talk to be under way")
        # The old one is replaced while people talk; what waited for it was written by both.
        await _end(process)
    network.start_shard(old_bot)
    await talking
    await pairs.settled(30)
    verdict = pairs.evaluate()
    assert complete(verdict), verdict
    assert verdict.repeats == 0
    assert verdict.across > 0
    await network.stop("coordinator:0")
    async with _old(before, network, "coordinator", network.port("coordinator:0")):
        later = await met(network, 2, seed=2)
        await later.talk(messages=2, rate=2.0)
        await later.settled(30)
        assert complete(later.evaluate())
    network.start_coordinator(0)
    await parted(pairs)
    await parted(later)
    assert await network.figure(f"shard:{old_bot}", "duologue_poison_total") == 0
    assert "put aside" not in (network.folder / "old-shard.log").read_text()
    assert breaches(network) == 0


async def test_a_move_reaches_those_whom_the_version_before_serves(network: Network, before: Path) -> None:
    """It does not know all news of a move: what it puts aside is replayed when it is of this version, too."""
    (gone, dead), (_, second), (old_bot, third) = (bot(network, number) for number in range(3))
    await network.stop(f"shard:{old_bot}")
    port = network.port(f"shard:{old_bot}")
    async with _old(before, network, "shard", old_bot, port):
        await until(lambda: _holds_lease(network, old_bot), 60, "the old one to serve")
        pairs = Pairs(network.simulator)
        moving = [await with_another_bot(network, pairs, dead, second) for _ in range(2)]
        staying = [pairs.add(third), pairs.add(second)]
        await pairs.join(staying)
        for one, partner in zip(moving, staying, strict=True):
            await pairs.meet(one, partner)
        await write(pairs, pairs.members, 2.4)
        network.simulator.world.revoke(dead)
        await write(pairs, staying, 2.4)
        await until(lambda: all(member.told(MOVED) for member in moving), 40, "both to be moved")
        await write(pairs, pairs.members, 2.4)
        await pairs.settled(30)
        assert complete(pairs.evaluate()), pairs.evaluate()
    network.kill(f"shard:{gone}")
    network.start_shard(old_bot)
    async with RedisClient(network.settings.redis_url or "") as client:
        box = PoisonBox(client, Keys(network.settings.key_prefix), old_bot, PoisonCipher(SECRET))
        await network.serving([old_bot])
        put_aside = await box.all()
        assert put_aside, "it does not know that a partner has moved"
        for aside in put_aside:
            await box.replay(aside)
        await write(pairs, pairs.members, 2.4)
        await pairs.settled(30)
        assert await box.all() == []
    verdict = pairs.evaluate()
    assert complete(verdict), verdict
    assert verdict.repeats == 0
