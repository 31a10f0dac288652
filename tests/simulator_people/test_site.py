"""The HTTP side of the page, and loads over HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import aiohttp
import msgspec
import pytest

from simulator.app import Options, Simulator, running
from simulator.page.audience import Audience
from simulator.people import pictures
from simulator.people.things import THINGS
from simulator.world.actors import Bot
from simulator.world.messages import Message
from simulator.world.world import World

Json = dict[str, Any]


@dataclass
class Browser:
    """What a browser does, without one."""

    simulator: Simulator
    session: aiohttp.ClientSession
    person: int = 0

    @property
    def bot(self) -> Bot:
        return next(iter(self.simulator.world.bots.values()))

    async def get(self, path: str) -> tuple[int, bytes, Any]:
        async with self.session.get(self.simulator.url + path) as response:
            return response.status, await response.read(), response.headers

    async def post(self, path: str, body: object) -> tuple[int, Json]:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        async with self.session.post(self.simulator.url + path, data=data) as response:
            return response.status, msgspec.json.decode(await response.read())

    async def act(self, deed: str, **fields: object) -> tuple[int, Json]:
        return await self.post(
            "/page/act", {"person": self.person, "bot": self.bot.id, "deed": deed, **fields}
        )

    async def chat(self) -> Json:
        _, body, _ = await self.get(f"/page/chat?person={self.person}&bot={self.bot.id}")
        found: Json = msgspec.json.decode(body)
        return found

    async def last(self) -> Json:
        found: Json = (await self.chat())["messages"][-1]
        return found

    def show(self, text: str, **fields: Any) -> Message:
        """A message of the bot."""
        world = self.simulator.world
        person = world.people.find(self.person)
        chat = world.private(self.bot, person)
        message = Message(chat.next_id(), chat, self.bot, world.clock.wall(), {"text": text}, **fields)
        world.keep(message)
        for listener in world.hooks.on_shown:
            listener(person, self.bot, message)
        return message


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running(Options(port=0, bots=2)) as simulator, aiohttp.ClientSession() as session:
        made = Browser(simulator, session)
        _, person = await made.post("/page/people", {})
        made.person = person["id"]
        yield made


async def test_the_page_brings_everything_it_needs(browser: Browser) -> None:
    status, page, headers = await browser.get("/")
    assert status == 200
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    wanted = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', page.decode()))
    assert {"/page/main.js", "/page/frame.css"} <= wanted
    loaded: set[str] = set()
    while wanted:
        name = wanted.pop()
        status, body, headers = await browser.get(name)
        assert status == 200, name
        assert headers["Content-Type"].startswith(("text/css", "text/javascript"))
        loaded.add(name)
        wanted |= {f"/page/{one}" for one in re.findall(r'from "\./([^"]+)"', body.decode())} - loaded
    shipped = {f"/page/{entry.name}" for entry in files("simulator.page").joinpath("static").iterdir()}
    assert loaded == shipped


async def test_no_other_host_is_named(browser: Browser) -> None:
    known = re.compile(r"https?://(?:www\.w3\.org/|[^\w]|\?:|$)|https\?")
    for entry in (
        *files("simulator.page").joinpath("static").iterdir(),
        files("simulator.page").joinpath("page.html"),
    ):
        for address in re.findall(r"https?:.{0,24}", entry.read_text(encoding="utf-8")):
            assert known.match(address), f"{entry.name}: {address}"


async def test_a_known_person_comes_back_and_an_unknown_one_is_made(browser: Browser) -> None:
    assert await browser.post("/page/people", {"id": browser.person}) == (
        200,
        {"id": browser.person, "name": "Robin"},
    )
    status, other = await browser.post("/page/people", {"id": 12345})
    assert (status, other["name"]) == (200, "Sasha")
    assert other["id"] not in (12345, browser.person)


async def test_what_one_does_is_in_the_chat(browser: Browser) -> None:
    assert not (await browser.chat())["started"]
    await browser.act("open")
    assert (await browser.chat())["started"]
    bold = [{"type": "bold", "offset": 0, "length": 2}]
    assert await browser.act("say", text="hi there", entities=bold) == (200, {})
    said = await browser.last()
    assert (said["text"], said["entities"], said["out"]) == ("hi there", bold, True)
    await browser.act("edit", message=said["message_id"], text="hi, you")
    await browser.act("react", message=said["message_id"], emoji="🔥")
    said = await browser.last()
    assert (said["text"], said["reactions"]["mine"]) == ("hi, you", [{"type": "emoji", "emoji": "🔥"}])
    await browser.act("sticker", name="love", reply_to=said["message_id"])
    assert (await browser.last())["reply_to_message"]["message_id"] == said["message_id"]
    await browser.act("delete", message=said["message_id"])
    assert said["message_id"] not in {one["message_id"] for one in (await browser.chat())["messages"]}


async def test_photos_go_alone_or_as_an_album(browser: Browser) -> None:
    await browser.act("photos", names=["sea"], text="look", hidden=True)
    alone = await browser.last()
    assert (alone["caption"], alone["has_media_spoiler"]) == ("look", True)
    await browser.act("photos", names=["sea", "city"], text="two")
    first, second = (await browser.chat())["messages"][-2:]
    assert first["media_group_id"] == second["media_group_id"]
    assert (first["caption"], second.get("caption")) == ("two", None)
    await browser.act("replace", message=alone["message_id"], name="night")
    replaced = (await browser.chat())["messages"][0]
    status, body, headers = await browser.get(f"/page/file/{replaced['photo'][-1]['file_unique_id']}")
    assert (status, body, headers["Content-Type"]) == (200, pictures.photo("night"), "image/png")


async def test_pictures_of_both_kinds_in_one_album_with_a_formatted_caption(browser: Browser) -> None:
    bold = [{"type": "bold", "offset": 0, "length": 3}]
    await browser.act(
        "photos", names=["sea", "film:city"], text="two", entities=bold, above=True, hidden=True
    )
    photo, film = (await browser.chat())["messages"]
    assert photo["caption_entities"] == bold
    assert "video" in film
    assert (photo["show_caption_above_media"], film["has_media_spoiler"]) == (True, True)


async def test_a_reply_with_a_part_that_was_marked(browser: Browser) -> None:
    italic = [{"type": "italic", "offset": 9, "length": 6}]
    await browser.act("say", text="one 😀 one two", entities=italic)
    first = (await browser.last())["message_id"]
    await browser.act("say", text="yes", reply_to=first, quote="one", quote_at=3)
    quote = (await browser.last())["quote"]
    assert quote == {
        "text": "one",
        "position": 7,
        "is_manual": True,
        "entities": [italic[0] | {"offset": 2, "length": 1}],
    }
    status, answer = await browser.act("say", text="yes", reply_to=first, quote="three")
    assert (status, "part of the message" in answer["error"]) == (400, True)


async def test_how_a_message_is_sent(browser: Browser) -> None:
    await browser.act("say", text="party", effect="5046509860389126442", protected=True)
    said = await browser.last()
    assert (said["effect_id"], said["has_protected_content"]) == ("5046509860389126442", True)
    status, answer = await browser.act("forward", message=said["message_id"])
    assert (status, "protected" in answer["error"]) == (400, True)
    await browser.act("thing", name="live", effect="5107584321108051014")
    assert (await browser.last())["effect_id"] == "5107584321108051014"


async def test_an_emoji_alone_is_thrown(browser: Browser) -> None:
    await browser.act("say", text="🎯")
    assert (await browser.last())["dice"]["emoji"] == "🎯"
    await browser.act("say", text="🎯 hit")
    assert (await browser.last())["text"] == "🎯 hit"


async def test_the_same_file_again_and_a_forward_and_a_pin(browser: Browser) -> None:
    await browser.act("photos", names=["sea"], text="look")
    sent = await browser.last()
    await browser.act("again", message=sent["message_id"])
    again = await browser.last()
    assert again["photo"][-1]["file_unique_id"] == sent["photo"][-1]["file_unique_id"]
    await browser.act("forward", message=again["message_id"])
    forwarded = await browser.last()
    assert (forwarded["caption"], forwarded["forward_origin"]["sender_user"]["id"]) == (
        "look",
        browser.person,
    )
    await browser.act("pin", message=sent["message_id"])
    assert (await browser.last())["pinned_message"]["message_id"] == sent["message_id"]


async def test_a_live_location_moves_and_stops(browser: Browser) -> None:
    await browser.act("thing", name="moving")
    place = await browser.last()
    await browser.act("move", message=place["message_id"])
    moved = await browser.last()
    assert moved["location"]["live_period"] == 900
    assert moved["location"]["latitude"] > place["location"]["latitude"]
    await browser.act("stop", message=place["message_id"])
    assert "live_period" not in (await browser.last())["location"]
    status, answer = await browser.act("move", message=place["message_id"])
    assert (status, "ended" in answer["error"]) == (400, True)


async def test_a_vote_is_shown_and_taken_back(browser: Browser) -> None:
    await browser.act("thing", name="poll")
    poll = await browser.last()
    assert poll["chosen"] == []
    await browser.act("vote", message=poll["message_id"], options=[1])
    voted = await browser.last()
    assert (voted["chosen"], voted["poll"]["options"][1]["voter_count"]) == ([1], 1)
    await browser.act("vote", message=poll["message_id"], options=[])
    assert (await browser.last())["chosen"] == []


async def test_a_person_may_refuse_voice_messages(browser: Browser) -> None:
    await browser.act("open")
    assert (await browser.chat())["voices"]
    await browser.act("voices")
    assert not (await browser.chat())["voices"]
    assert "voice" in browser.simulator.world.people.find(browser.person).refuses
    await browser.act("voices")
    assert (await browser.chat())["voices"]


@pytest.mark.parametrize("name", [name for name, thing in THINGS.items() if thing.group == "Albums"])
async def test_a_thing_of_several_parts_is_one_album(browser: Browser, name: str) -> None:
    await browser.act("thing", name=name)
    messages = (await browser.chat())["messages"]
    assert len(messages) > 1
    assert len({one["media_group_id"] for one in messages}) == 1


@pytest.mark.parametrize(
    ("deed", "fields", "words"),
    [
        ("fly", {}, "fly"),
        ("say", {"text": ""}, "empty"),
        ("say", {"text": "x" * 5000}, "4096"),
        ("edit", {"text": "x"}, "message"),
        ("react", {"message": 999, "emoji": "🔥"}, "999"),
        ("say", {"text": 5}, "str"),
        ("sticker", {"name": "nobody"}, "nobody"),
        ("photos", {"names": []}, "album"),
        ("photos", {"names": ["film:nobody"]}, "nobody"),
        ("files", {"names": ["nothing"]}, "choose it again"),
        ("pin", {"message": 999}, "999"),
    ],
)
async def test_what_cannot_be_done_is_said(browser: Browser, deed: str, fields: Json, words: str) -> None:
    await browser.act("open")
    status, answer = await browser.act(deed, **fields)
    assert status == 400
    assert words in answer["error"]


async def test_a_press_waits_for_the_bots_answer(browser: Browser) -> None:
    world = browser.simulator.world
    await browser.act("open")
    markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    message = browser.show("Sure?", markup=markup)
    pressing = asyncio.create_task(browser.act("press", message=message.id, data="yes"))
    pressed = asyncio.Event()
    browser.bot.queue.listen(pressed.set)
    await asyncio.wait_for(pressed.wait(), 5)
    query = msgspec.json.decode(browser.bot.queue.live()[-1].body)["callback_query"]
    world.callbacks.answer(browser.bot.id, query["id"], "Done!", alert=True)
    assert await pressing == (200, {"toast": "Done!", "alert": True})


async def _events(browser: Browser, count: int, then: Any) -> list[Json]:
    """So many events about the person, after the stream is open and `then` was done."""
    async with browser.session.get(f"{browser.simulator.url}/page/live?people={browser.person}") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        await stream.content.readuntil(b"\n\n")
        await then()
        found: list[Json] = []
        while len(found) < count:
            line = (await stream.content.readuntil(b"\n\n")).decode()
            event = msgspec.json.decode(line.removeprefix("data: "))
            if event["type"] == "chat":
                found.append(event)
        return found


async def test_the_stream_tells_what_happens_to_these_people_only(browser: Browser) -> None:
    async def happen() -> None:
        stranger = browser.simulator.world.people.create()
        browser.simulator.world.people.open(stranger, browser.bot)
        await browser.act("open")
        browser.show("Hello!", markup={"keyboard": [[{"text": "A"}]]})

    events = await asyncio.wait_for(_events(browser, 3, happen), 10)
    opened, greeted = events[0], events[-1]
    assert (opened["message"]["text"], opened["started"]) == ("/start", True)
    assert (greeted["message"]["text"], greeted["message"]["out"]) == ("Hello!", False)
    assert {event["person"] for event in events} == {browser.person}


async def test_the_figures_come_every_second(browser: Browser) -> None:
    async with browser.session.get(f"{browser.simulator.url}/page/live?people=1") as stream:
        await stream.content.readuntil(b"\n\n")
        event = msgspec.json.decode((await stream.content.readuntil(b"\n\n")).decode().removeprefix("data: "))
    assert event["type"] == "network"
    assert [bot["cap"] for bot in event["bots"]] == [30, 30]


async def test_files_that_are_no_pictures_are_only_downloaded(browser: Browser) -> None:
    await browser.act("open")
    status, kept = await browser.post("/page/upload?name=a.html&type=text/html", b"<script>alert(1)</script>")
    assert status == 200
    assert await browser.act("files", names=[kept["file"]]) == (200, {})
    sent = await browser.last()
    assert sent["document"]["file_name"] == "a.html"
    _, body, headers = await browser.get(f"/page/file/{sent['document']['file_unique_id']}")
    assert body == b"<script>alert(1)</script>"
    assert (headers["Content-Type"], headers["Content-Disposition"]) == (
        "application/octet-stream",
        "attachment",
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]


async def test_a_page_that_does_not_read_is_cut_off() -> None:
    world = World()
    audience = Audience(world)
    bot, person = world.create_bot(), world.people.create()
    viewer = audience.join([person.id])
    for number in range(2000):
        world.deeds.say(person, bot, str(number))
        assert viewer.lines.qsize() <= 500
    waiting = [viewer.lines.get_nowait() for _ in range(viewer.lines.qsize())]
    assert None in waiting


async def test_loads_over_http(browser: Browser) -> None:
    status, answer = await browser.post("/control/load", {"people": 3})
    assert (status, "even" in answer["error"]) == (400, True)
    assert (await browser.post("/control/load", {"people": 4, "messages": 1, "ramp": 50}))[0] == 200
    status, answer = await browser.post("/control/load", {"people": 4})
    assert (status, "already" in answer["error"]) == (400, True)
    status, body, _ = await browser.get("/control/load?full")
    told = msgspec.json.decode(body)
    assert (status, told["done"], told["verdict"]["people"], told["verdict"]["sent"]) == (200, False, 4, 0)
    async with browser.session.delete(f"{browser.simulator.url}/control/load") as response:
        assert response.status == 200
    _, body, _ = await browser.get("/control/load?wait=10")
    assert msgspec.json.decode(body)["done"] is True
