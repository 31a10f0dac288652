"""The page, played with real clicks and keys against a bot that echoes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from selenium.webdriver.common.keys import Keys

from simulator.app import Options, Simulator, running
from simulator.people.things import THINGS
from simulator.world.actors import Bot
from tests.scenarios.browser import MISSING, Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(MISSING is not None, reason=MISSING or ""),
]


async def _echo(simulator: Simulator, bot: Bot) -> None:
    """A bot in raw HTTP: it sends back whatever it gets, with two buttons under a text."""
    row = [{"text": "One", "callback_data": "one"}, {"text": "Two", "callback_data": "two"}]
    buttons = {"inline_keyboard": [row]}
    keyboard = {"keyboard": [[{"text": "/keys"}, {"text": "Hello there"}]], "resize_keyboard": True}

    async with aiohttp.ClientSession() as session:

        async def call(method: str, **params: Any) -> Any:
            async with session.post(f"{simulator.url}/bot{bot.token}/{method}", json=params) as response:
                return (await response.json()).get("result")

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
        rows = ".messages > :is(.out, .service)"
        for count, (name, thing) in enumerate(THINGS.items(), 2):
            phone.send(name)
            shown = phone.sees(rows, count)
            if name in ("future", "odd"):
                browser.until(partial(getattr, shown, "text"), f"words instead of {name}")
            # An album's row is made anew with each of its items.
            text = browser.until(lambda: (phone.all(rows)[-1].text,), f"what stands there of {name}")[0]
            unknown = "does not know" in text
            assert unknown == (name in ("future", "odd")), f"{name} in {thing.group}: {text}"
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
        album = partial(phone.all, ".row.out .album")
        browser.until(lambda: len(album()[-1].find_elements("tag name", "img")) == 3, "an album of three")

    await _play(browser, scene)


async def test_votes_and_a_quiz_that_tells(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.send("poll")
        phone.click(".row.in .poll-option", 0)
        phone.says(".row.in .poll-option[aria-pressed='true']", "✓ Tea · 1")
        phone.click(".row.in .poll-option", 1)
        phone.says(".row.in .poll-option[aria-pressed='true']", "✓ Coffee · 1")
        phone.send("quiz")
        phone.sees(".row.in .poll", 2)
        phone.click(".row.in:last-child .poll-option", 0)
        phone.says(".row.in:last-child .poll-option[aria-pressed='true']", "✗ Five · 1")
        phone.says(".row.in:last-child .poll-option:nth-of-type(2)", "✓ Three · 0")
        phone.says(".row.in:last-child .poll-why", "Two for the gills, one for all the rest.")
        options = partial(phone.all, ".row.in:last-child .poll-option")
        browser.until(lambda: [one.is_enabled() for one in options()] == [False] * 3, "no option to be left")

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
        browser.choose("Reply")
        phone.say("an answer")
        phone.says(".row.out:nth-last-child(-n+2) .quote span", "first")
        phone.reads("an answer")

        phone.click(".row.out .tools")
        browser.choose("Edit")
        phone.type(" that is longer")
        phone.type(Keys.ENTER)
        browser.until(lambda: "an answer that is longer" in phone.texts("out"), "the edited text")
        browser.until(lambda: "edited" in phone.all(".row.out .meta")[-1].text, "the mark that it was edited")

        count = len(phone.all(".row.out"))
        phone.click(".row.out .tools")
        browser.choose("Delete on this phone")
        browser.until(lambda: len(phone.all(".row.out")) == count - 1, "the message to go")

        phone.say("/keys")
        phone.shows(".keyboard")
        phone.click(".keyboard button", 1)
        phone.reads("Hello there")

        phone.click(".options")
        browser.choose("Block the bot")
        phone.says(".start", "Unblock")
        phone.click(".start")
        phone.say("here again")
        phone.reads("here again")

        phone.click(".options")
        browser.choose("Be somebody new")
        phone.says(".person", "Alex")
        phone.says(".start", "Start")
        phone.shows(".start")

    await _play(browser, scene)


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
        browser.focused.send_keys(Keys.TAB, Keys.TAB, Keys.TAB)
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


async def test_a_part_is_quoted_by_hand(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.say("one **two** three")
        phone.reads("one two three")
        last = ".row.out:nth-last-child(-n+2) "

        phone.menu("in", "Reply")
        phone.click(".about-part")
        phone.shows(".about-pick")
        whole = browser.focused
        whole.send_keys(Keys.CONTROL, Keys.HOME, Keys.NULL, *[Keys.ARROW_RIGHT] * 4)
        whole.send_keys(Keys.SHIFT, *[Keys.ARROW_RIGHT] * 3)
        phone.says(".about-text span", "“two”")
        whole.send_keys(Keys.ENTER)
        browser.focused.send_keys("by the keyboard", Keys.ENTER)
        phone.reads("by the keyboard")
        phone.says(f"{last}.quote .part", "two")

        browser.script(
            "const range = new Range(); range.selectNodeContents(document.querySelector('.row.out .body b'));"
            "getSelection().removeAllRanges(); getSelection().addRange(range);"
        )
        phone.menu("out", "Reply with what is marked", 1)
        phone.say("as marked")
        phone.says(f"{last}.quote .part", "two")
        phone.says(".row.out:nth-last-child(-n+2) .body", "as marked")

    await _play(browser, scene)


async def test_an_item_of_an_album_is_changed_and_a_picture_replaced(browser: Browser) -> None:
    def scene(browser: Browser) -> None:
        phone = browser.phone(0)
        phone.click(".start")
        phone.type("both")
        phone.open_tray("Photos")
        for number in (0, 7):
            phone.click(".photos .pick", number)
        phone.click(".sending .filled")
        album = ".row.out:has(.album) "
        phone.sees(f"{album}.film")
        before = browser.until(lambda: phone.all(f"{album}img.photo")[-1].get_property("src"), "the photo")

        phone.click(f"{album}.tools")
        browser.click(".menu [aria-label='Item 2 of 2']")
        browser.choose("Replace the picture")
        phone.click(".photos .pick", 3)
        phone.click(".sending .filled")
        browser.until(lambda: not phone.all(f"{album}.film"), "the film to be replaced")
        phone.says(f"{album}.body", "both")
        pictures = phone.all(f"{album}img.photo")
        assert [one.get_property("src") == before for one in pictures].count(True) <= 1
        phone.click(f"{album}.tools")
        browser.choose("Edit")
        phone.type(" of them")
        phone.type(Keys.ENTER)
        phone.says(f"{album}.body", "both of them")

    await _play(browser, scene)
