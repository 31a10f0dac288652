"""The control API, through its client, as another process would use it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from simulator.app import Options, PortTaken, Simulator, running
from simulator.client import Client, SimulatorRefused
from simulator.clock import ManualClock
from tests.simulator.stage import Json, Stage


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[Client]:
    async with Client(stage.simulator.url) as made:
        yield made


async def test_a_conversation_from_outside(client: Client, stage: Stage) -> None:
    [bot, *_] = await client.bots()
    [person] = await client.new_people(1, first_name="Eve", premium=True)
    await client.start(person, bot.id, "ref-1")
    said = await client.send(
        person, f"@{bot.username}", "hello", entities=[{"type": "bold", "offset": 0, "length": 5}]
    )
    await client.send(
        person, bot.id, media={"kind": "photo", "size": 5000, "caption": "see", "spoiler": True}
    )
    album = await client.album(person, bot.id, [{"kind": "photo"}, {"kind": "video", "caption": "two"}])
    updates = await stage.updates()
    assert [one["message"].get("text", one["message"].get("caption")) for one in updates] == [
        "/start ref-1",
        "hello",
        "see",
        None,
        "two",
    ]
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    words: Json = {
        "chat_id": person,
        "text": "well?",
        "reply_markup": buttons,
        "reply_parameters": {"message_id": said},
    }
    sent = await client.bot_call(bot.token, "sendMessage", **words)
    number = sent["result"]["message_id"]
    query = (await client.press(person, bot.id, "Yes", number))["query_id"]
    assert await client.call("GET", "callback", id=query) == {"answered": False, "text": "", "alert": False}
    await client.bot_call(bot.token, "answerCallbackQuery", callback_query_id=query, text="ok")
    assert (await client.call("GET", "callback", id=query))["text"] == "ok"
    await client.react(person, bot.id, number, "👍")
    await client.edit(person, bot.id, said, "hello again")
    entries = await client.chat(person, bot.id)
    assert [entry["mine"] for entry in entries] == [True] * 5 + [False]
    assert entries[1]["message"]["text"] == "hello again"
    assert entries[1]["edits"] == 1
    assert entries[2]["file"]["size"] == 5000
    assert [entry["message_id"] for entry in entries[3:5]] == album
    assert entries[5]["reactions"]["person"] == [{"type": "emoji", "emoji": "👍"}]
    assert len(await client.digest(entries[2]["file"]["unique_id"])) == 64
    assert await client.chat(person, bot.id, after=number) == []


async def test_events_can_be_followed(client: Client, stage: Stage) -> None:
    last, before = await client.events(0)
    assert last == before[-1]["number"]
    waiting = asyncio.create_task(client.events(last, wait=30, people=[stage.ada.id]))
    stage.world.deeds.say(stage.bob, stage.bot, "not for us")
    sent = await stage.send("for Ada")
    newest, events = await waiting
    while not events:
        newest, events = await client.events(newest, wait=30, people=[stage.ada.id])
    assert events[0]["kind"] == "shown"
    assert events[0]["entry"]["message_id"] == sent["message_id"]
    await stage.call("editMessageText", chat_id=stage.ada.id, message_id=sent["message_id"], text="x")
    await stage.call("deleteMessage", chat_id=stage.ada.id, message_id=sent["message_id"])
    await stage.call("sendChatAction", chat_id=stage.ada.id, action="typing")
    _, events = await client.events(newest)
    assert [event["kind"] for event in events] == ["changed", "removed", "action"]


async def test_events_as_a_stream(stage: Stage) -> None:
    url = f"{stage.simulator.url}/control/events"
    async with stage.session.get(url, headers={"Accept": "text/event-stream"}) as response:
        assert response.content_type == "text/event-stream"
        await stage.send("streamed")
        lines = [await response.content.readline() for _ in range(2)]
    assert lines[0].startswith(b"id: ")
    assert b'"text":"streamed"' in lines[1]


async def test_limits_faults_and_the_report(client: Client, stage: Stage) -> None:
    limits = await client.limits(cap=5, hold=0, enforced=True)
    assert (limits["bot"], limits["hold"]) == (5, 0)
    await client.limits(bot=stage.other.id, cap=1)
    for person in (stage.ada, stage.bob):
        for _ in range(2):
            await client.bot_call(stage.bot.token, "sendMessage", chat_id=person.id, text="x")
            await client.bot_call(stage.other.token, "sendMessage", chat_id=person.id, text="x")
    report = await client.report()
    one, two = (report["bots"][str(bot.id)] for bot in (stage.bot, stage.other))
    assert (one["bot_breaches"], one["refused"], one["shown"]) == (0, 0, 4)
    assert (two["bot_breaches"], two["refused"], two["shown"]) == (3, 3, 1)
    assert report["totals"]["shown"] == 5
    await client.reset_report()
    assert (await client.report())["totals"]["calls"] == 0
    rule = await client.fault("429", methods=["getMe"], seconds=3)
    assert (await client.bot_call(stage.bot.token, "getMe"))["parameters"] == {"retry_after": 3}
    assert (await client.call("GET", "faults"))["rules"][0]["hits"] == 1
    await client.call("DELETE", "faults", id=rule)
    assert (await client.bot_call(stage.bot.token, "getMe"))["ok"]


async def test_bots_people_and_channels_are_made(client: Client, stage: Stage) -> None:
    made = await client.new_bots(2)
    assert len({bot.token for bot in made}) == 2
    channel = await client.new_channel("Vault", [made[0].id, made[1].username])
    assert (await client.bot_call(made[1].token, "sendMessage", chat_id=channel, text="x"))["ok"]
    token = await client.revoke(made[0].id)
    assert (await client.bot_call(made[0].token, "getMe"))["error_code"] == 401
    assert (await client.bot_call(token, "getMe"))["ok"]
    await client.block(stage.ada.id, stage.bot.id)
    assert (await client.bot_call(stage.bot.token, "sendMessage", chat_id=stage.ada.id, text="x"))[
        "error_code"
    ] == 403
    await client.unblock(stage.ada.id, stage.bot.id)
    assert (await client.bot_call(stage.bot.token, "sendMessage", chat_id=stage.ada.id, text="x"))["ok"]
    await client.vanish(stage.ada.id)
    assert (await client.bot_call(stage.bot.token, "sendMessage", chat_id=stage.ada.id, text="x"))[
        "error_code"
    ] == 403


async def test_mistakes_are_named(client: Client, stage: Stage) -> None:
    with pytest.raises(SimulatorRefused, match="there is no person 1"):
        await client.send(1, stage.bot.id, "x")
    with pytest.raises(SimulatorRefused, match="there is no bot @nobody"):
        await client.send(stage.ada.id, "@nobody", "x")
    with pytest.raises(SimulatorRefused, match="unknown field `colour`"):
        await client.send(stage.ada.id, stage.bot.id, "x", colour="red")
    with pytest.raises(SimulatorRefused, match="say what to send"):
        await client.send(stage.ada.id, stage.bot.id)
    with pytest.raises(SimulatorRefused, match="there is no kind 'hologram'"):
        await client.send(stage.ada.id, stage.bot.id, media={"kind": "hologram"})


async def test_the_same_seed_makes_the_same_world(clock: ManualClock) -> None:
    def names(simulator: Simulator) -> list[tuple[int, str, str]]:
        return [(bot.id, bot.token, bot.username) for bot in simulator.world.bots.values()]

    one, two = Simulator(Options(seed="a"), clock), Simulator(Options(seed="a"), clock)
    other = Simulator(Options(seed="b"), clock)
    assert names(one) == names(two)
    assert names(one) != names(other)
    assert one.world.people.create().id == two.world.people.create().id
    for _, token, _ in names(one):
        digits, _, secret = token.partition(":")
        assert digits.isdigit()
        assert len(digits) in (9, 10)
        assert len(secret) == 35
        assert secret.startswith("SIM")


async def test_a_port_that_is_taken(stage: Stage) -> None:
    with pytest.raises(PortTaken, match="end what uses that port, or choose another one"):
        async with running(Options(port=stage.simulator.port)):
            pass


async def test_stopping_ends_every_wait(clock: ManualClock) -> None:
    async with running(Options(port=0, bots=1, page=False), clock) as simulator:
        bot = next(iter(simulator.world.bots.values()))
        async with Client(simulator.url) as client:
            poll = asyncio.create_task(client.bot_call(bot.token, "getUpdates", timeout=50))
            while not clock.waiting:
                await asyncio.sleep(0.001)
            bot.long_poll.interrupt()
            assert (await poll)["error_code"] == 409
