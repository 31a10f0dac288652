"""What this shard makes of Telegram's answers, good and bad: each becomes the error that decides."""

import aiohttp
import msgspec
import pytest

from shard.telegram import (
    Conflict,
    Refused,
    Telegram,
    TelegramAway,
    TelegramError,
    TokenRefused,
    TooManyRequests,
    Unreachable,
    result_of,
)
from shard.wire import Wire
from simulator.app import Options, Simulator, running
from simulator.client import Client


async def _send(simulator: Simulator, chat: int, text: str = "hello") -> msgspec.Raw:
    token = next(iter(simulator.world.bots.values())).token
    async with aiohttp.ClientSession() as session:
        return await Telegram(session, simulator.url, token).call(
            "sendMessage", {"chat_id": chat, "text": text}, timeout=3
        )


def _person(simulator: Simulator) -> int:
    person = simulator.world.people.create()
    simulator.world.people.open(person, next(iter(simulator.world.bots.values())))
    return int(person.id)


async def test_a_yes_is_the_result() -> None:
    async with running(Options(port=0, bots=1)) as simulator:
        result = msgspec.json.decode(await _send(simulator, _person(simulator)))
    assert result["text"] == "hello"


@pytest.mark.parametrize(
    ("fault", "facts", "expected"),
    [
        ("429", {"seconds": 12}, TooManyRequests),
        ("disguised", {"seconds": 9}, TooManyRequests),
        ("5xx", {}, TelegramAway),
        ("truncated", {}, TelegramAway),
        ("reset_before", {}, TelegramAway),
        ("reset_after", {}, TelegramAway),
        ("blackhole", {}, TelegramAway),
    ],
)
async def test_each_fault_is_its_error(
    fault: str, facts: dict[str, int], expected: type[TelegramError]
) -> None:
    async with running(Options(port=0, bots=1)) as simulator, Client(simulator.url) as control:
        person = _person(simulator)
        await control.fault(fault, methods=["sendMessage"], times=1, **facts)
        with pytest.raises(expected) as raised:
            await _send(simulator, person)
    if isinstance(raised.value, TooManyRequests):
        assert raised.value.retry_after == facts["seconds"]


async def test_people_who_cannot_be_reached_are_not_tried_again() -> None:
    async with running(Options(port=0, bots=1)) as simulator:
        bot = next(iter(simulator.world.bots.values()))
        blocker, stranger = simulator.world.people.create(), simulator.world.people.create()
        simulator.world.people.open(blocker, bot)
        simulator.world.people.block(blocker, bot)
        for chat in (blocker.id, stranger.id, 42):
            with pytest.raises(Unreachable):
                await _send(simulator, chat)


async def test_a_refused_text_is_refused_for_good() -> None:
    async with running(Options(port=0, bots=1)) as simulator:
        with pytest.raises(Refused) as raised:
            await _send(simulator, _person(simulator), "")
    assert not isinstance(raised.value, Unreachable)
    assert "message text is empty" in raised.value.description


async def test_a_revoked_token_and_a_second_poller_are_told_apart() -> None:
    async with running(Options(port=0, bots=1)) as simulator:
        bot = next(iter(simulator.world.bots.values()))
        async with aiohttp.ClientSession() as session:
            telegram = Telegram(session, simulator.url, bot.token)
            simulator.world.revoke(bot)
            with pytest.raises(TokenRefused):
                await telegram.call("getUpdates", {"timeout": 0})
            telegram = Telegram(session, simulator.url, bot.token)
            await telegram.call("setWebhook", {"url": "http://127.0.0.1:1/hook"})
            with pytest.raises(Conflict):
                await telegram.call("getUpdates", {"timeout": 0})


async def test_nobody_there_was_not_reached() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TelegramAway) as raised:
            await Telegram(session, "http://127.0.0.1:1", "1:x").call("getMe", {})
    assert not raised.value.reached


@pytest.mark.parametrize("on_wire", [True, False])
async def test_nothing_goes_out_when_this_process_may_not_speak_for_the_token(on_wire: bool) -> None:
    async with running(Options(port=0, bots=1)) as simulator:
        token, person = next(iter(simulator.world.bots.values())).token, _person(simulator)
        params = {"chat_id": person, "text": "hello"}
        async with aiohttp.ClientSession() as session, Wire(simulator.url) as wire:
            telegram = Telegram(session, simulator.url, token, wire if on_wire else None, lambda: False)
            with pytest.raises(TelegramAway) as raised:
                await telegram.call("sendMessage", params)
        assert not raised.value.reached
        assert simulator.control.report()["totals"]["calls"] == 0


def test_an_answer_that_is_no_text_is_none() -> None:
    away = result_of("sendMessage", (400, b'{"ok":false,"description":"\xff"}'))
    assert isinstance(away, TelegramAway)
    assert away.arrived
