import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.domain.fleet import BotState
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from tests.harness.ports import free_port
from tests.integration.coordinator.broadcasting import Stage
from tests.integration.coordinator.processes import PROGRAM, Coordinator, Start
from tests.integration.coordinator.support import ONE, TWO, Network


@pytest.fixture
def network(client: RedisClient, keys: Keys) -> Network:
    return Network(client, keys)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path, so that a socket fits into it."""
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def start(database_url: str, redis_url: str, key_prefix: str, tmp_path: Path) -> AsyncIterator[Start]:
    running: list[Coordinator] = []

    async def begin(**settings: str) -> Coordinator:
        port, log = free_port(), tmp_path / f"coordinator-{len(running)}.log"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")
        } | {
            "DUOLOGUE_DATABASE_URL": database_url,
            "DUOLOGUE_REDIS_URL": redis_url,
            "DUOLOGUE_KEY_PREFIX": key_prefix,
            **settings,
        }
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", PROGRAM, str(port)), env=environment, stderr=output, stdout=output
            )
        running.append(Coordinator(process, port, log))
        return running[-1]

    yield begin
    for one in running:
        if one.process.returncode is None:
            one.send(signal.SIGKILL)
            one.send(signal.SIGCONT)
            await one.process.wait()


@pytest.fixture
async def stage(database_url: str, client: RedisClient, keys: Keys) -> AsyncIterator[Stage]:
    async with Database(database_url) as database:
        made = Stage(database, client, keys)
        for bot in (ONE, TWO):
            await made.bots.add(bot, f"bot{bot}", f"{bot}:token")
            await made.bots.set_state(bot, BotState.ACTIVE)
        await client.command("SCRIPT", "FLUSH")
        yield made
