"""The page on the whole running network: two people on two bots do all of it by hand."""

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.deploy.conftest import short_folder  # noqa: F401 - a fixture
from tests.deploy.up import up
from tests.scenarios.browser import MISSING, Browser, Phone

pytestmark = [
    pytest.mark.browser,
    pytest.mark.scenario,
    pytest.mark.timeout(300),
    pytest.mark.skipif(MISSING is not None, reason=MISSING or ""),
]
LAST = ".row.in:last-child "
Pair = tuple[Phone, Phone]


def test_two_people_on_two_bots_of_the_running_network(browser: Browser, short_folder: Path) -> None:  # noqa: F811
    """One network for all of it: its start is what takes the time."""
    with up(short_folder) as network:
        network.says("Two phones")
        browser.driver.get(f"http://127.0.0.1:{network.settings['simulator_port']}/")
        pair = browser.phone(0), browser.phone(1)
        _meet(pair)
        for here, there in (pair, pair[::-1]):
            _talk(here, there)
        left, right = pair
        _files(left, right)
        _manners(right, left)
        _changes(left, right)
        _told(right, left)
        _ends(left, right)
        breaches = browser.until(lambda: [one.text for one in browser.all(".bot-breach")], "the figures")
        assert breaches == ["no breach"] * 3
        assert browser.complaints() == []


def _meet(pair: Pair) -> None:
    for phone in pair:
        phone.click(".start")
        phone.offers("consent:yes")
    first, second = (phone.all(".bot")[0].get_property("value") for phone in pair)
    assert first != second
    for phone in pair:
        phone.press("consent:yes")
        phone.offers("menu:find")
    for phone in pair:
        phone.press("menu:find")
    for phone in pair:
        phone.offers("menu:next")


def _talk(here: Phone, there: Phone) -> None:
    """Words with formatting, a photo with a caption, a sticker."""
    here.say("Hello **you**, nice to __meet__ you 😀")
    there.reads("Hello you, nice to meet you 😀")
    there.says(f"{LAST}.body b", "you")
    there.says(f"{LAST}.body i", "meet")
    here.type("my view")
    here.open_tray("Photos")
    here.click(".photos .pick", 1)
    here.click(".sending .filled")
    there.reads("my view")
    there.sees_picture(f"{LAST}.photo")
    here.open_tray("Stickers")
    here.click(".stickers .pick", 1)
    there.sees(".row.in .sticker")
    there.sees_picture(".row.in .sticker")


def _files(here: Phone, there: Phone) -> None:
    """Files whose bytes go from one bot to the other."""
    for thing, shown in (
        ("live", "[aria-label^='Play: Live photo']"),
        ("covered", "[aria-label$='from 0:20']"),
        ("album", ".album"),
        ("voice", ".wave"),
        ("files", ".thing + .thing + .thing"),
        ("animated", "[aria-label^='Animated sticker']"),
    ):
        here.send(thing)
        there.sees(f".row.in {shown}")


def _manners(here: Phone, there: Phone) -> None:
    """An effect, protection, a quote that was picked by hand, a forward without its header."""
    here.click(".how")
    here.browser.click(".menu [aria-label='Effect 🎉']")
    here.click(".how")
    here.browser.click(".menu [role=menuitemcheckbox]")
    here.say("a party tonight")
    there.reads("a party tonight")
    there.sees(f"{LAST}[aria-label='Sent with an effect']")
    there.sees(f"{LAST}[aria-label^='Protected']")

    there.browser.script(
        f'const body = [...document.querySelectorAll("{there.root}.row.in .body")].at(-1).firstChild;'
        "getSelection().setBaseAndExtent(body, 2, body, 7);"
    )
    there.menu("in", "Reply with what is marked")
    there.say("what kind of?")
    here.reads("what kind of?")
    here.says(f"{LAST}.quote .part", "party")
    here.send("forwarded")
    there.reads("News that somebody else wrote.")
    assert not there.all(".row.in .origin")


def _changes(here: Phone, there: Phone) -> None:
    """Edits, reactions, a place that moves, and what is taken back."""
    here.say("a mistke")
    there.reads("a mistke")
    here.menu("out", "Edit")
    here.type(Keys.BACKSPACE * 2 + "ake")
    here.click(".send")
    there.reads("a mistake")

    there.click(".row.in .tools")
    there.browser.click(".menu [aria-label='React with 🔥']")
    theirs = ".row.out [aria-label='Reaction 🔥 by the partner']"
    here.sees(theirs)
    there.click(".row.in .mine")
    here.browser.until(lambda: not here.all(theirs), "the reaction to go")

    here.send("moving")
    there.says(f"{LAST}.thing b", "Live location")
    here.menu("out", "Move on")
    there.says(f"{LAST}.thing b", "Live location, moved")
    here.menu("out", "Stop sharing")
    there.says(f"{LAST}.thing b", "Location, sharing has ended")

    here.menu("out", "Take back on both phones")
    there.browser.until(lambda: not there.all(f"{LAST}.thing"), "the place to go on both sides")
    there.browser.until(lambda: "a mistake" in here.texts("out")[-1], "the place to go here, too")


def _told(here: Phone, there: Phone) -> None:
    """What cannot go, or is asked about first."""
    here.send("contact")
    here.offers("contact:send")
    here.press("contact:send")
    there.sees(".row.in .thing")
    here.send("game")
    here.reads("Sorry, games cannot be passed on. Your partner did not get it.")
    there.click(".options")
    there.browser.choose("Refuse voice messages")
    here.send("voice")
    here.reads("This did not arrive: your partner does not accept voice and video messages.")
    here.say("then in writing")
    there.reads("then in writing")


def _ends(here: Phone, there: Phone) -> None:
    """The next partner is one of the virtual people; what two have said is cleared by either."""
    finds = len(there.all(".inline [data-press^='menu:find']"))
    here.press("menu:next")
    there.offers("menu:find", finds + 1)
    there.press("clear:")
    there.browser.until(lambda: "then in writing" not in there.texts("in"), "the chat to be cleared")
    here.browser.until(lambda: "a mistake" not in here.texts("out"), "the chat to be cleared there, too")
    here.offers("menu:next", 2)
    asked = len(here.all(".row.in"))
    here.say("Hi! How are you?")
    here.browser.until(lambda: len(here.all(".row.in")) > asked, "a virtual person to answer")
    here.press("menu:stop")
    here.offers("menu:find", 2)
