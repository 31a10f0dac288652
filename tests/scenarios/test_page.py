"""The page, played with real clicks and keys: against a bot that echoes, and on the whole network."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from selenium.webdriver.common.keys import Keys

from simulator.app import Options, Simulator, running
from simulator.people.things import THINGS
from simulator.world.actors import Bot
from tests.deploy.conftest import short_folder  # noqa: F401 - a fixture
from tests.deploy.up import up
from tests.scenarios.browser import MISSING, Browser, open_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(MISSING is not None, reason=MISSING or ""),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """A wide window with nothing remembered."""
    chromium.driver.get("about:blank")
    chromium.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    chromium.resize(1400, 900)
    chromium.complaints()
    return chromium


async def _echo(simulator: Simulator, bot: Bot) -> None:
    """A bot in raw HTTP: it sends back whatever it gets, with two buttons under a text."""
    row = [{"text": "One", "callback_data": "one"}, {"text": "Two", "callback_data": "two"}]
    buttons = {"inline_keyboard": [row]}
    keyboard = {"keyboard": [[{"text": "/keys"}, {"text": "Hello there"}]], "resize_keyboard": True}

    async with aiohttp.ClientSession() as session:

        async def call(method: str, **params: Any) -> Any:
            async with session.post(f"{simulator.url}/bot{bot.token}/{method}", json=params) as response:
                return (await response.json())["result"]

        offset = 0
        while True:
            kinds = ["message", "edited_message", "callback_query", "message_reaction"]
            for update in await call("getUpdates", offset=offset, timeout=20, allowed_updates=kinds):
                offset = update["update_id"] + 1
                if query := update.get("callback_query"):
                    await call(
                        "answerCallbackQuery",
                        callback_query_id=query["id"],
                        text=f"You chose {query['data']}",
                    )
                elif message := update.get("message"):
                    markup = (
                        keyboard if message.get("text") == "/keys" else buttons if "text" in message else None
                    )
                    await call(
                        "copyMessage",
                        chat_id=message["chat"]["id"],
                        from_chat_id=message["chat"]["id"],
                        message_id=message["message_id"],
                        **({"reply_markup": markup} if markup else {}),
                        **(
                            {"reply_parameters": {"message_id": message["message_id"]}}
                            if "text" in message
                            else {}
                        ),
                    )
                elif reaction := update.get("message_reaction"):
                    await call(
                        "setMessageReaction",
                        chat_id=reaction["chat"]["id"],
                        message_id=reaction["message_id"],
                        reaction=reaction["new_reaction"],
                    )


@asynccontextmanager
async def _echoing() -> AsyncIterator[str]:
    """The address of a simulator with two bots that echo. No limits: this is about the page."""
    async with running(Options(port=0, bots=2)) as simulator:
        simulator.judge.set_caps(type(simulator.judge.caps)(enforced=False))
        echoes = [asyncio.create_task(_echo(simulator, bot)) for bot in simulator.world.bots.values()]
        try:
            yield simulator.url
        finally:
            for echo in echoes:
                echo.cancel()
            for echo in echoes:
                with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError, KeyError):
                    await echo


async def _play(browser: Browser, scene: Callable[[Browser], None]) -> None:
    """Plays a scene on the page, in a thread, while the simulator runs here."""
    async with _echoing() as url:

        def played() -> None:
            browser.driver.get(url)
            scene(browser)
            assert browser.complaints() == []

        await asyncio.to_thread(played)


async def test_text_keeps_its_form_and_never_becomes_markup(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.reads("/start")
        phone.say("**bold** __italic__ `code` ||hidden|| 😀 ~~gone~~")
        phone.reads("bold italic code hidden 😀 gone")
        last = ".row.in:last-child "
        for tag, words in (("b", "bold"), ("i", "italic"), ("code", "code"), ("s", "gone")):
            phone.says(f"{last}.body {tag}", words)
        phone.says(f"{last}.quote span", "bold italic code hidden 😀 gone")
        phone.click(f"{last}.spoiler")
        phone.sees(f"{last}.spoiler.shown")
        phone.say("<img src=x onerror=alert(1)> & <b>no</b>")
        phone.reads("<img src=x onerror=alert(1)> & <b>no</b>")
        phone.type("two" + Keys.SHIFT + Keys.ENTER + Keys.SHIFT + "lines")
        phone.click(".send")
        phone.reads("two\nlines")
        phone.type("loud" + Keys.CONTROL + "a" + Keys.CONTROL + Keys.CONTROL + "b" + Keys.CONTROL)
        phone.type(Keys.ENTER)
        phone.reads("loud")
        phone.says(f"{last}.body b", "loud")

    await _play(browser, scene)


async def test_everything_that_can_be_sent_is_shown(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.reads("/start")
        for count, name in enumerate(THINGS, 2):
            phone.open_tray("More")
            phone.click(f".things .pick:nth-child({count - 1})")
            phone.sees(".row.in", count)
            assert "does not know" not in phone.sees(".row.in:last-child").text, name
        phone.open_tray("Stickers")
        phone.click(".stickers .pick", 2)
        phone.sees(".row.in .sticker")
        phone.sees_picture(".row.in .sticker")
        phone.type("of the sea")
        phone.open_tray("Photos")
        phone.click(".photos .pick", 2)
        phone.click(".sending .filled")
        phone.reads("of the sea")
        phone.sees_picture(".row.in:last-child .photo")
        phone.open_tray("Photos")
        for number in (0, 3, 5):
            phone.click(".photos .pick", number)
        phone.click(".sending .filled")
        assert len(phone.sees(".row.out .album").find_elements("css selector", "img")) == 3

    await _play(browser, scene)


async def test_own_files(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("milk")

    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.reads("/start")
        phone.open_tray("Photos")
        phone.all("input[type=file]")[0].send_keys(str(tmp_path / "list.txt"))
        phone.says(".row.in a.thing b", "list.txt")

    await _play(browser, scene)


async def test_buttons_replies_reactions_edits_and_deletion(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.say("first")
        phone.reads("first")
        phone.press("two")
        phone.says(".toast", "You chose two")

        phone.click(".row.out .tools")
        browser.click(".menu [aria-label='React with 🔥']")
        browser.until(
            lambda: len(phone.all(".row.out .reactions > *")) == 2, "one's own reaction and the bot's"
        )

        phone.click(".row.in .tools")
        _choose(browser, "Reply")
        phone.say("an answer")
        phone.says(".row.out:nth-last-child(-n+2) .quote span", "first")
        phone.reads("an answer")

        phone.click(".row.out .tools")
        _choose(browser, "Edit")
        phone.type(" that is longer")
        phone.type(Keys.ENTER)
        browser.until(lambda: "an answer that is longer" in phone.texts("out"), "the edited text")
        browser.until(lambda: "edited" in phone.all(".row.out .meta")[-1].text, "the mark that it was edited")

        count = len(phone.all(".row.out"))
        phone.click(".row.out .tools")
        _choose(browser, "Delete")
        browser.until(lambda: len(phone.all(".row.out")) == count - 1, "the message to go")

        phone.say("/keys")
        phone.shows(".keyboard")
        phone.click(".keyboard button", 1)
        phone.reads("Hello there")

        phone.click(".options")
        _choose(browser, "Block the bot")
        phone.says(".start", "Unblock")
        phone.click(".start")
        phone.say("here again")
        phone.reads("here again")

        phone.click(".options")
        _choose(browser, "Be somebody new")
        phone.says(".person", "Alex")
        phone.says(".start", "Start")
        phone.shows(".start")

    await _play(browser, scene)


def _choose(browser: Browser, words: str) -> None:
    """An item of the menu that is open."""

    def clicked() -> bool:
        next(item for item in browser.all(".menu > button") if item.text == words).click()
        return True

    browser.until(clicked, f"the menu's {words}")


async def test_the_chat_is_there_again_after_a_reload_and_for_each_bot(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.say("to the first bot")
        phone.reads("to the first bot")
        phone.click(".bot option", 1)
        phone.shows(".start")
        phone.click(".bot option", 0)
        phone.reads("to the first bot")
        browser.driver.refresh()
        phone.reads("to the first bot")

    await _play(browser, scene)


async def test_the_keyboard_alone_will_do(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        browser.until(lambda: phone.all(".welcome"), "the empty chat")
        for _ in range(20):
            browser.focused.send_keys(Keys.TAB)
            if "start" in (browser.focused.get_attribute("class") or ""):
                break
        browser.focused.send_keys(Keys.ENTER)
        browser.until(lambda: browser.focused.tag_name == "textarea", "the text field to be ready")
        phone.reads("/start")
        browser.focused.send_keys("by keys", Keys.ENTER)
        phone.reads("by keys")
        browser.focused.send_keys(Keys.SHIFT, Keys.TAB, Keys.SHIFT, Keys.ENTER)
        phone.sees(".tabs button[aria-selected='true']")
        browser.focused.send_keys(Keys.TAB, Keys.TAB)
        browser.until(lambda: browser.focused.get_attribute("role") == "tab", "the tabs to be reached")
        browser.focused.send_keys(Keys.ARROW_RIGHT)
        browser.until(lambda: browser.focused.text == "Stickers", "the next tab")
        browser.focused.send_keys(Keys.ESCAPE)
        phone.hides(".tray")

    await _play(browser, scene)


@pytest.mark.parametrize("width", [390, 900, 1400])
async def test_it_fits_every_window(browser: Browser, width: int) -> None:
    def scene(browser: Browser) -> None:
        browser.resize(width, 800)
        left, right = browser.phone(0), browser.phone(1)
        left.click(".start")
        left.say("a rather long line that has to be broken somewhere " * 4 + "w" * 200)
        left.sees(".row.in", 2)
        for place in ("document.documentElement", "document.querySelector('.log')"):
            assert browser.script(f"return {place}.scrollWidth - {place}.clientWidth") <= 0
        assert right.all(".log")[0].is_displayed() == (width >= 720)
        if width < 720:
            browser.click("[role=tab]", 1)
            right.shows(".log")
            assert not left.all(".log")[0].is_displayed()

    await _play(browser, scene)


async def test_a_hidden_phone_counts_what_came(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        browser.resize(390, 800)
        browser.phone(0).click(".start")
        browser.phone(0).reads("/start")
        browser.phone(0).type("unseen")
        press = (
            "document.querySelector('.send').click(); document.querySelectorAll('.switch button')[1].click()"
        )
        browser.script(press)

        browser.until(lambda: browser.all(".badge")[0].text == "1", "the count")
        browser.click("[role=tab]", 0)
        browser.until(lambda: not any(one.is_displayed() for one in browser.all(".badge")), "the count to go")

    await _play(browser, scene)


async def test_it_says_when_the_simulator_is_gone(browser: Browser) -> None:
    async with _echoing() as url:
        await asyncio.to_thread(browser.driver.get, url)
        lamp = "[data-live='on']"
        await asyncio.to_thread(browser.until, lambda: browser.all(lamp), "the stream")
    words = lambda: "Connection lost" in browser.all("#pulse")[0].text  # noqa: E731
    await asyncio.to_thread(browser.until, words, "the page to notice")


@pytest.mark.scenario
def test_two_people_on_two_bots_of_the_running_network(browser: Browser, short_folder: Path) -> None:  # noqa: F811
    with up(short_folder) as network:
        network.says("Two phones")
        browser.driver.get(f"http://127.0.0.1:{network.settings['simulator_port']}/")
        left, right = browser.phone(0), browser.phone(1)
        left.shows(".start")
        assert left.all(".bot")[0].get_property("value") != right.all(".bot")[0].get_property("value")

        for phone in (left, right):
            phone.click(".start")
            phone.offers("consent:yes")
        for phone in (left, right):
            phone.press("consent:yes")
            phone.offers("menu:find")
        for phone in (left, right):
            phone.press("menu:find")
        for phone in (left, right):
            phone.offers("menu:next")

        for number, (here, there) in enumerate(((left, right), (right, left))):
            here.say(f"Hello **number {number}**, nice to __meet__ you 😀")
            there.reads(f"Hello number {number}, nice to meet you 😀")
            there.says(".row.in:last-child .body b", f"number {number}")
            there.says(".row.in:last-child .body i", "meet")
            here.type("my view")
            here.open_tray("Photos")
            here.click(".photos .pick", number)
            here.click(".sending .filled")
            there.reads("my view")
            there.sees_picture(".row.in:last-child .photo")
            here.open_tray("Stickers")
            here.click(".stickers .pick", number)
            there.sees(".row.in .sticker")
            there.sees_picture(".row.in .sticker")

        finds = len(right.all(".inline [data-press^='menu:find']"))
        left.press("menu:next")
        right.offers("menu:find", finds + 1)
        left.offers("menu:next", 2)
        left.say("Hi! How are you?")
        asked = len(left.all(".row.in"))
        browser.until(lambda: len(left.all(".row.in")) > asked, "a virtual person to answer")
        left.press("menu:stop")
        left.offers("menu:find", 2)

        assert [one.text for one in browser.all(".bot-breach")] == ["no breach"] * 3
        assert browser.complaints() == []
