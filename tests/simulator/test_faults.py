"""Faults by rule: each kind, and which calls a rule hits."""

import asyncio
from typing import Any

import aiohttp
import msgspec
import pytest

from simulator.faults.rules import Faults, Kind, Rule
from simulator.limits.judge import Caps
from tests.simulator.stage import Stage, until


def _rule(stage: Stage, kind: Kind, **more: Any) -> Rule:
    return stage.simulator.faults.add(Rule(kind=kind, methods=("sendMessage",), times=1, **more))


async def test_429_plain_and_disguised(stage: Stage) -> None:
    _rule(stage, Kind.TOO_MANY, seconds=7)
    refused = await stage.refusal("sendMessage", chat_id=stage.ada.id, text="x")
    assert (refused.code, refused.parameters, refused.headers["Retry-After"]) == (
        429,
        {"retry_after": 7},
        "7",
    )
    _rule(stage, Kind.DISGUISED, seconds=8)
    refused = await stage.refusal("sendMessage", chat_id=stage.ada.id, text="x")
    assert (refused.code, refused.parameters) == (400, {})
    assert refused.words == (
        'Bad Request: failed to send message #1 with the error message "Too Many Requests: retry after 8"'
    )
    assert stage.seen() == []
    await stage.send("through")
    assert len(stage.seen()) == 1


async def test_a_page_instead_of_json(stage: Stage) -> None:
    _rule(stage, Kind.SERVER_ERROR, status=503, description="Service Unavailable")
    url = f"{stage.simulator.url}/bot{stage.bot.token}/sendMessage"
    async with stage.session.post(url, json={"chat_id": stage.ada.id, "text": "x"}) as response:
        assert response.status == 503
        assert response.content_type == "text/html"
        assert "Service Unavailable" in await response.text()
    assert stage.seen() == []


@pytest.mark.parametrize(("kind", "shown"), [(Kind.RESET_BEFORE, 0), (Kind.RESET_AFTER, 1), (Kind.CUT, 1)])
async def test_connections_that_break(stage: Stage, kind: Kind, shown: int) -> None:
    _rule(stage, kind)
    with pytest.raises(aiohttp.ClientError):
        await stage.send("once")
    assert len(stage.seen()) == shown
    await stage.send("twice")
    assert len(stage.seen()) == shown + 1


async def test_json_that_ends_too_soon(stage: Stage) -> None:
    _rule(stage, Kind.TRUNCATED)
    with pytest.raises(msgspec.DecodeError):
        await stage.send("done")
    assert len(stage.seen()) == 1


async def test_a_yes_that_says_nothing_of_what_came_of_it(stage: Stage) -> None:
    _rule(stage, Kind.STRANGE)
    assert await stage.call("sendMessage", chat_id=stage.ada.id, text="done") is True
    assert len(stage.seen()) == 1


@pytest.mark.parametrize(("kind", "while_waiting"), [(Kind.SLOW, 0), (Kind.SLOW_ANSWER, 1)])
async def test_slow_calls(stage: Stage, kind: Kind, while_waiting: int) -> None:
    _rule(stage, kind, seconds=20)
    call = asyncio.create_task(stage.send("slow"))
    await until(lambda: stage.clock.waiting == 1)
    assert len(stage.seen()) == while_waiting
    stage.clock.advance(20)
    assert (await call)["text"] == "slow"
    assert len(stage.seen()) == 1


async def test_a_call_that_is_never_answered(stage: Stage) -> None:
    rule = _rule(stage, Kind.BLACKHOLE)
    call = asyncio.create_task(stage.send("lost"))
    await until(lambda: rule.hits == 1)
    await stage.send("goes past it")
    assert not call.done()
    call.cancel()
    assert [one.body["text"] for one in stage.seen()] == ["goes past it"]


async def test_a_token_that_ends_in_the_middle(stage: Stage) -> None:
    _rule(stage, Kind.REVOKE)
    old = stage.bot.token
    refused = await stage.refusal("sendMessage", chat_id=stage.ada.id, text="x")
    assert (refused.code, refused.words) == (401, "Unauthorized")
    assert stage.bot.token != old
    await stage.send("with the new one")


async def test_an_error_of_ones_choice(stage: Stage) -> None:
    _rule(stage, Kind.ERROR, status=500, description="Internal Server Error: restart")
    refused = await stage.refusal("sendMessage", chat_id=stage.ada.id, text="x")
    assert (refused.code, refused.words) == (500, "Internal Server Error: restart")


async def test_updates_that_come_again(stage: Stage) -> None:
    for number in range(3):
        stage.says(str(number))
    first = await stage.updates()
    stage.simulator.faults.add(Rule(kind=Kind.DUPLICATE, times=2, count=2))
    stage.says("3")
    again = await stage.updates(offset=first[-1]["update_id"] + 1)
    assert [one["message"]["text"] for one in again] == ["1", "2", "3"]
    assert again[:2] == first[1:]
    again = await stage.updates(offset=again[-1]["update_id"] + 1)
    assert [one["message"]["text"] for one in again] == ["2", "3"]


async def test_downloads_break_too(stage: Stage) -> None:
    file = stage.world.media.made_up("document", 3_000_000).file
    found = await stage.call("getFile", file_id=stage.world.files.id_for(stage.bot.id, file))
    url = f"{stage.simulator.url}/file/bot{stage.bot.token}/{found['file_path']}"
    stage.simulator.faults.add(Rule(kind=Kind.CUT, file=True, times=1))
    with pytest.raises(aiohttp.ClientPayloadError):
        async with stage.session.get(url) as response:
            await response.read()
    async with stage.session.get(url) as response:
        assert len(await response.read()) == 3_000_000


def _hits(rule: Rule, calls: int, bot: int = 1, method: str = "sendMessage", chat: int = 5) -> list[int]:
    faults = Faults()
    faults.add(rule)
    return [number for number in range(1, calls + 1) if faults.strike(bot, method, (chat,))]


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        (Rule(kind=Kind.SLOW), [1, 2, 3, 4, 5, 6, 7, 8]),
        (Rule(kind=Kind.SLOW, after=5), [6, 7, 8]),
        (Rule(kind=Kind.SLOW, every=3), [1, 4, 7]),
        (Rule(kind=Kind.SLOW, after=1, every=3), [2, 5, 8]),
        (Rule(kind=Kind.SLOW, times=2), [1, 2]),
        (Rule(kind=Kind.SLOW, methods=("SENDMESSAGE", "getMe")), [1, 2, 3, 4, 5, 6, 7, 8]),
        (Rule(kind=Kind.SLOW, methods=("getMe",)), []),
        (Rule(kind=Kind.SLOW, bots=(2,)), []),
        (Rule(kind=Kind.SLOW, chats=(6,)), []),
        (Rule(kind=Kind.SLOW, chats=(5, 6)), [1, 2, 3, 4, 5, 6, 7, 8]),
        (Rule(kind=Kind.SLOW, probability=0.0), []),
        (Rule(kind=Kind.SLOW, file=True), []),
    ],
)
def test_which_calls_are_hit(rule: Rule, hits: list[int]) -> None:
    assert _hits(rule, 8) == hits


def test_dice_are_seeded() -> None:
    first = _hits(Rule(kind=Kind.SLOW, probability=0.3), 1000)
    assert first == _hits(Rule(kind=Kind.SLOW, probability=0.3), 1000)
    assert 200 < len(first) < 400


async def test_a_restart_ends_polls_and_held_calls_with_500(stage: Stage) -> None:
    stage.simulator.judge.set_caps(Caps(chat_burst=1))
    await stage.send("at once")
    waiting = [
        asyncio.create_task(stage.refusal("sendMessage", chat_id=stage.ada.id, text="held")),
        asyncio.create_task(stage.refusal("getUpdates", timeout=50)),
    ]
    await until(lambda: stage.simulator.judge.record(stage.bot.id).held == 1 and stage.bot.long_poll.waits)
    async with stage.session.post(f"{stage.simulator.url}/control/restart") as response:
        assert await response.json() == {"ended": 2}
    for refused in await asyncio.gather(*waiting):
        assert (refused.code, refused.words) == (500, "Internal Server Error: restart")
    assert [message.body["text"] for message in stage.seen()] == ["at once"]
