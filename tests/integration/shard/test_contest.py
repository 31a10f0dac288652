"""Somebody else uses a bot's token: a whole shard against the simulator, minutes made seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from config.settings import Settings
from core.domain.fleet import BotState
from core.domain.ids import BotId
from core.service import metrics
from core.service.run import flatten
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.pool import Database
from shard.app import run
from shard.inbound import rivalry, webhook
from shard.inbound.contest import CONTESTED, TokenContested
from simulator.app import Options, Simulator, running
from simulator.world.actors import Bot
from tests.harness.waiting import until

SECRET = "s" * 32


@pytest.fixture(autouse=True)
def hasty(in_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivalry, "TELL_SECONDS", 1.5)
    monkeypatch.setattr(webhook, "LOOK_SECONDS", 0.3)


@asynccontextmanager
async def rival(simulator: Simulator, bot: Bot, *, by_webhook: bool) -> AsyncIterator[None]:
    """Another process that has updates brought to itself with the same token, and does nothing else."""
    method, params = "getUpdates", {"timeout": "20"}
    if by_webhook:
        method, params = "setWebhook", {"url": "https://127.0.0.1:9/elsewhere"}

    async def take() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.post(f"{simulator.url}/bot{bot.token}/{method}", json=params):
                    pass
                await asyncio.sleep(0.2)

    task = asyncio.create_task(take())
    yield
    task.cancel()
    await asyncio.wait((task,))


@pytest.fixture
async def bots(database_url: str) -> AsyncIterator[Bots]:
    async with Database(database_url, size=1) as database:
        yield Bots(database, TokenCipher(SECRET))


@pytest.mark.parametrize(
    ("ours", "theirs"), [("polling", "polling"), ("polling", "webhook"), ("webhook", "webhook")]
)
async def test_admins_are_told_once_and_then_the_bot_is_quarantined(
    ours: str,
    theirs: str,
    bots: Bots,
    database_url: str,
    redis_url: str,
    key_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(Options(port=0, bots=1)) as simulator:
        bot = next(iter(simulator.world.bots.values()))
        admin = simulator.world.people.create()
        simulator.world.people.open(admin, bot)
        here = BotId(bot.id)
        await bots.add(here, bot.username, bot.token)
        settings = Settings(
            telegram_api_url=simulator.url,
            database_url=database_url,
            redis_url=redis_url,
            key_prefix=key_prefix,
            secret_key=SecretStr(SECRET),
            admin_ids=(admin.id,),
            webhook_url="https://127.0.0.1:9" if ours == "webhook" else None,
            webhook_sockets=tmp_path,
        )
        shard = asyncio.create_task(run(settings, here, 0, asyncio.Event()))

        async def remark() -> str:
            return (await bots.get(here)).reason

        async def contested() -> bool:
            return await remark() == CONTESTED

        async def calm() -> bool:
            return await remark() == ""

        def told() -> int:
            return sum("Somebody else" in str(m.body) for m in simulator.world.people.view(admin, bot))

        # However slow the machine: it is neither quarantined before all was looked at, nor told of twice.
        for name in ("QUARANTINE_SECONDS", "CALM_SECONDS"):
            monkeypatch.setattr(rivalry, name, 3600.0)
        async with rival(simulator, bot, by_webhook=theirs == "webhook"):
            await until(contested, 30, "the bots' table to say it")
            await until(lambda: told() == 1, 30, "the admin to be told")
            assert metrics.value(metrics.POLL_CONTESTED) == 1
        monkeypatch.setattr(rivalry, "CALM_SECONDS", 2.5)
        await until(calm, 30, "the other one to be forgotten")
        assert (await bots.get(here)).state is BotState.PENDING
        assert told() == 1
        monkeypatch.setattr(rivalry, "QUARANTINE_SECONDS", 6.0)
        async with rival(simulator, bot, by_webhook=theirs == "webhook"):
            async with asyncio.timeout(60):
                await asyncio.wait((shard,))
        (why,) = flatten(shard.exception())  # type: ignore[arg-type]
        assert isinstance(why, TokenContested)
        row = await bots.get(here)
        assert (row.state, row.reason) == (BotState.QUARANTINED, CONTESTED)
