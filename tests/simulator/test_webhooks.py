"""Webhooks: what is brought, in which order, and what when nobody takes it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from simulator.faults.rules import Kind, Rule
from simulator.webhooks.patience import delay, read_retry_after
from tests.simulator.stage import Json, Stage, until

Reply = Callable[[Json], Awaitable[web.Response]]


class House:
    """A server that takes updates. `reply` decides what it answers."""

    def __init__(self) -> None:
        self.got: list[Json] = []
        self.secrets: list[str | None] = []
        self.reply: Reply = self.fine
        self.url = ""
        self.inside = 0
        self.most_inside = 0

    async def fine(self, update: Json) -> web.Response:
        return web.Response()

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            answer = await self.reply(update)
        finally:
            self.inside -= 1
        self.got.append(update)
        return answer

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got if "message" in update]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    taker = House()
    app = web.Application()
    app.router.add_post("/hook", taker.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    taker.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield taker
    await runner.cleanup()


@pytest.mark.parametrize(
    ("failures", "retry_after", "dice", "seconds"),
    [
        (1, None, 0.5, 0),
        (2, None, 0.5, 2),
        (3, None, 0.5, 4),
        (6, None, 0.5, 32),
        (7, None, 0.0, 60),
        (7, None, 1.0, 120),
        (500, None, 0.5, 90),
        (1, 7.0, 0.5, 7),
    ],
)
def test_patience(failures: int, retry_after: float | None, dice: float, seconds: float) -> None:
    assert delay(failures, retry_after, dice) == seconds


@pytest.mark.parametrize(("header", "seconds"), [(None, None), ("5", 5.0), ("soon", None), ("", None)])
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header) == seconds


async def test_updates_are_brought_with_the_secret(stage: Stage, house: House) -> None:
    stage.says("waiting already")
    await stage.call("setWebhook", url=house.url, secret_token="sesame-1")
    await until(lambda: house.texts() == ["waiting already"])
    stage.says("and one more")
    await until(lambda: house.texts() == ["waiting already", "and one more"])
    assert house.secrets == ["sesame-1"] * 2
    await until(lambda: len(stage.bot.queue) == 0)
    info = await stage.call("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == (house.url, 0)
    assert "last_error_message" not in info


async def test_order_within_a_chat_and_many_chats_at_once(stage: Stage, house: House) -> None:
    gate = asyncio.Event()

    async def slowly(update: Json) -> web.Response:
        await gate.wait()
        return web.Response()

    house.reply = slowly
    await stage.call("setWebhook", url=house.url)
    people = [stage.world.people.create() for _ in range(5)]
    for number in range(4):
        for person in people:
            stage.world.deeds.say(person, stage.bot, f"{person.id} {number}")
    await until(lambda: house.inside == 5)
    gate.set()
    await until(lambda: len(house.got) == 20)
    for person in people:
        mine = [text for text in house.texts() if text.startswith(str(person.id))]
        assert mine == [f"{person.id} {number}" for number in range(4)]
    assert house.most_inside == 5


async def test_no_more_connections_than_asked_for(stage: Stage, house: House) -> None:
    gate = asyncio.Event()

    async def slowly(update: Json) -> web.Response:
        await gate.wait()
        return web.Response()

    house.reply = slowly
    await stage.call("setWebhook", url=house.url, max_connections=2)
    for _ in range(6):
        stage.world.deeds.say(stage.world.people.create(), stage.bot, "hello")
    await until(lambda: house.inside == 2)
    gate.set()
    await until(lambda: len(house.got) == 6)
    assert house.most_inside == 2


async def test_what_fails_is_tried_again_and_holds_only_its_chat(stage: Stage, house: House) -> None:
    calls: list[str] = []

    async def moody(update: Json) -> web.Response:
        calls.append(update["message"]["text"])
        if update["message"]["text"] == "first" and calls.count("first") < 4:
            return web.Response(status=500)
        return web.Response()

    house.reply = moody
    await stage.call("setWebhook", url=house.url)
    stage.says("first")
    stage.says("second")
    stage.world.deeds.say(stage.bob, stage.bot, "other chat")
    await until(lambda: calls.count("first") == 2 and "other chat" in calls and stage.clock.waiting > 0)
    info = await stage.call("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert info["pending_update_count"] == 2
    stage.clock.advance(2)
    await until(lambda: calls.count("first") == 3 and stage.clock.waiting > 0)
    stage.clock.advance(3.9)
    assert calls.count("first") == 3
    stage.clock.advance(0.1)
    await until(lambda: "second" in calls)
    assert calls.count("first") == 4
    assert calls[-1] == "second"


async def test_a_press_may_overtake_a_message_but_an_edit_may_not(stage: Stage, house: House) -> None:
    gate = asyncio.Event()

    async def slow_for_messages(update: Json) -> web.Response:
        if "message" in update:
            await gate.wait()
        return web.Response()

    house.reply = slow_for_messages
    sent = await stage.send(reply_markup={"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]})
    await stage.call("setWebhook", url=house.url)
    said = stage.says("first")
    stage.world.deeds.edit(stage.ada, stage.bot, said.id, text="mended")
    stage.world.deeds.press(stage.ada, stage.bot, sent["message_id"], "y")
    await until(lambda: len(house.got) == 1)
    gate.set()
    await until(lambda: len(house.got) == 3)
    kinds = [next(kind for kind in update if kind != "update_id") for update in house.got]
    assert kinds == ["callback_query", "message", "edited_message"]


async def test_retry_after_is_honoured(stage: Stage, house: House) -> None:
    answers = [web.Response(status=429, headers={"Retry-After": "30"}), web.Response()]

    async def later(update: Json) -> web.Response:
        return answers.pop(0)

    house.reply = later
    await stage.call("setWebhook", url=house.url)
    stage.says("hello")
    await until(lambda: stage.clock.waiting > 0)
    stage.clock.advance(29)
    assert len(answers) == 1
    stage.clock.advance(1)
    await until(lambda: not answers)


async def test_nobody_at_home(stage: Stage, house: House) -> None:
    await stage.call("setWebhook", url="http://127.0.0.1:9/hook")
    stage.says("hello")
    await until(lambda: stage.bot.webhook_error is not None)
    assert (await stage.call("getWebhookInfo"))["last_error_message"] == "Connection refused"
    await stage.call("setWebhook", url=house.url)
    await until(lambda: house.texts() == ["hello"])


async def test_what_was_not_delivered_can_be_polled(stage: Stage) -> None:
    await stage.call("setWebhook", url="http://127.0.0.1:9/hook")
    stage.says("hello")
    await until(lambda: stage.bot.webhook_error is not None)
    await stage.call("deleteWebhook")
    assert [one["message"]["text"] for one in await stage.updates()] == ["hello"]


async def test_pending_updates_can_be_dropped(stage: Stage, house: House) -> None:
    stage.says("old")
    await stage.call("setWebhook", url=house.url, drop_pending_updates=True)
    stage.says("new")
    await until(lambda: house.texts() == ["new"])


async def test_an_answer_may_hold_a_method(stage: Stage, house: House) -> None:
    async def reply(update: Json) -> web.Response:
        method: dict[str, Any] = {"method": "sendMessage", "chat_id": stage.ada.id, "text": "at once"}
        return web.json_response(method)

    house.reply = reply
    await stage.call("setWebhook", url=house.url)
    stage.says("hello")
    await until(lambda: [one.body["text"] for one in stage.seen()] == ["at once"])


async def test_too_old_is_not_brought_any_more(stage: Stage, house: House) -> None:
    async def never(update: Json) -> web.Response:
        return web.Response(status=500)

    house.reply = never
    sent = await stage.send(reply_markup={"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]})
    await stage.call("setWebhook", url=house.url)
    stage.world.deeds.press(stage.ada, stage.bot, sent["message_id"], "y")
    while stage.bot.queue.live():
        await until(lambda: stage.clock.waiting > 0 or not stage.bot.queue.live())
        stage.clock.advance(10)
    assert all("callback_query" in update for update in house.got)
    assert stage.bot.queue.expired == 1


async def test_an_update_may_be_brought_twice(stage: Stage, house: House) -> None:
    stage.simulator.faults.add(Rule(kind=Kind.DUPLICATE, methods=("webhook",), times=1))
    await stage.call("setWebhook", url=house.url)
    stage.says("hello")
    stage.says("again")
    await until(lambda: house.texts() == ["hello", "hello", "again"])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"url": "ftp://x.org"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://x.org", "secret_token": "no spaces"}, "secret token contains unallowed characters"),
        ({"url": "https://x.org", "secret_token": "x" * 257}, "secret token contains unallowed characters"),
    ],
)
async def test_webhooks_that_are_wrong(stage: Stage, params: Json, words: str) -> None:
    assert (await stage.refusal("setWebhook", **params)).words == f"Bad Request: {words}"
