"""The webhook against the simulator, with a lease in a real Redis: batches, answers, and keeping it set."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

import aiohttp
import msgspec
import pytest

from core.domain.ids import BotId, Epoch
from core.service import metrics
from core.service.clock import SystemClock
from core.state.redis import leases
from core.state.redis.client import RedisClient
from core.state.redis.keys import Keys
from core.state.redis.leases import Lease
from shard.inbound import webhook as webhooks
from shard.inbound.door import SECRET_HEADER, socket_at
from shard.inbound.gathering import Gathering
from shard.inbound.webhook import Place, Webhook, path_of, secret_of
from shard.telegram import Telegram, TokenRefused
from simulator.app import Options, Simulator
from simulator.app import running as running_simulator
from simulator.world.actors import Bot
from tests.harness.waiting import until

URL = "http://127.0.0.1:9"
KEY = "k" * 32


class House:
    """A webhook that is served. `got` are its batches; `gate` closed holds a batch up."""

    def __init__(self, path: Path, bot: Bot, simulator: Simulator) -> None:
        self.path = path
        self.bot = bot
        self.simulator = simulator
        self.got: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.wanted = True
        self.words_heard = self.times_taken = 0
        self.stop: Callable[[], None] = lambda: None
        self.waiting: Callable[[], int] = lambda: 0
        self.served: asyncio.Task[None] | None = None

    async def take_in(self, raw: Sequence[msgspec.Raw]) -> None:
        self.got.append([msgspec.json.decode(one).get("update_id", -1) for one in raw])
        await self.gate.wait()

    def calls(self) -> int:
        return int(self.simulator.control.report()["totals"]["calls"])

    def heard(self) -> None:
        self.words_heard += 1

    def taken(self) -> None:
        self.times_taken += 1

    async def is_wanted(self) -> bool:
        return self.wanted

    async def bring(self, *numbers: int | bytes) -> list[int]:
        """These updates at the same time; the statuses."""
        headers = {SECRET_HEADER.decode(): secret_of(KEY, self.bot.token)}
        connector = aiohttp.UnixConnector(str(self.path), limit=0)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def one(number: int | bytes) -> int:
                body = number if isinstance(number, bytes) else b'{"update_id": %d}' % number
                async with session.post(f"http://x{path_of(BotId(self.bot.id))}", data=body) as answer:
                    return answer.status

            return await asyncio.gather(*map(one, numbers))


@pytest.fixture
async def lease(redis_url: str, key_prefix: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lease]:
    async def epoch(_: Epoch) -> Epoch:
        return Epoch(1)

    async with RedisClient(redis_url) as client:
        lease = Lease.of_shard(client, SystemClock(), Keys(key_prefix), BotId(1), "test")
        # Nobody renews it.
        monkeypatch.setattr(leases, "TTL", 3600.0)
        await lease.take(epoch)
        yield lease


@pytest.fixture
async def house(lease: Lease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(webhooks, "LOOK_SECONDS", 0.05)
    async with running_simulator(Options(port=0, bots=1)) as simulator, aiohttp.ClientSession() as http:
        (bot,) = simulator.world.bots.values()
        house = House(tmp_path / "1.sock", bot, simulator)
        listen = partial(socket_at, house.path)
        place = Place(URL + path_of(BotId(bot.id)), secret_of(KEY, bot.token), listen)
        telegram = Telegram(http, simulator.url, bot.token)
        webhook = Webhook(
            *(BotId(bot.id), telegram, lease, house.take_in, house.heard, house.taken),
            *(SystemClock(), Gathering(30.0), place, house.is_wanted),
        )
        house.stop = webhook.stop
        house.waiting = lambda: len(webhook._waiting)
        house.served = asyncio.ensure_future(webhook.run())
        await until(lambda: bot.webhook is not None, 10, "the webhook to be set")
        yield house
        house.gate.set()
        house.stop()
        await asyncio.gather(house.served, return_exceptions=True)


async def test_what_comes_together_is_one_batch_in_order(house: House) -> None:
    house.gate.clear()
    first = asyncio.ensure_future(house.bring(7))
    await until(lambda: house.got == [[7]], 5, "the first batch")
    rest = asyncio.ensure_future(house.bring(12, 9, 11, 9, 10))
    await until(lambda: house.waiting() == 5, 5, "the others to be there")
    house.gate.set()
    assert await first == [200]
    assert await rest == [200] * 5
    assert house.got == [[7], [9, 10, 11, 12]]


async def test_what_waits_at_telegram_tells_that_nothing_is_heard(house: House) -> None:
    await until(lambda: house.words_heard > 0, 10, "a look, with nothing that waits")
    # Nothing answers at the webhook's address: it can be brought to nobody.
    house.bot.queue.push("message", {"message_id": 1}, 1)
    await until(lambda: metrics.value(metrics.WEBHOOK_PENDING) == 1, 10, "a look that sees it")
    heard, calls = house.words_heard, house.calls()
    await until(lambda: house.calls() >= calls + 3, 10, "further looks")
    assert house.words_heard == heard
    house.bot.queue.clear()
    await until(lambda: house.words_heard > heard, 10, "a look, with nothing that waits")


async def test_what_was_done_is_not_done_again(house: House) -> None:
    before = metrics.value(metrics.WEBHOOK_REPEATS)
    assert await house.bring(5) == [200]
    assert await house.bring(5) == [200]
    assert house.got == [[5]]
    assert metrics.value(metrics.WEBHOOK_REPEATS) == before + 1


async def test_what_cannot_be_numbered_is_taken_in_each_time(house: House) -> None:
    assert await house.bring(b'{"no": 1}') == [200]
    assert await house.bring(b'{"no": 1}') == [200]
    assert house.got == [[-1], [-1]]


async def test_who_waits_too_long_is_told_to_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.gate.clear()
    with monkeypatch.context() as impatient:
        impatient.setattr(webhooks, "ANSWER_SECONDS", 0.1)
        assert await house.bring(1) == [503]
        assert await house.bring(1, 2) == [503, 503]
    house.gate.set()
    assert await house.bring(1, 2) == [200, 200]
    assert house.got == [[1], [2]], "those who had gone were not waited for"


async def test_nothing_is_taken_in_without_the_lease(house: House, lease: Lease) -> None:
    await lease.release()
    assert await house.bring(1) == [503]
    assert house.got == []


async def test_a_webhook_taken_away_is_set_again(house: House) -> None:
    before = metrics.value(metrics.POLL_CONFLICTS)
    house.bot.webhook = None
    await until(lambda: house.bot.webhook is not None, 5, "the webhook to be set again")
    assert metrics.value(metrics.POLL_CONFLICTS) == before + 1
    assert house.times_taken == 1


@pytest.mark.parametrize("wanted", [True, False])
async def test_only_a_bot_that_leaves_takes_its_webhook_away(house: House, wanted: bool) -> None:
    house.wanted = wanted
    house.stop()
    assert house.served is not None
    await house.served
    assert (house.bot.webhook is not None) is wanted


async def test_a_revoked_token_ends_it(house: House) -> None:
    assert house.served is not None
    house.simulator.world.revoke(house.bot)
    with pytest.raises(ExceptionGroup) as ended:
        await house.served
    assert ended.group_contains(TokenRefused)
