"""The system's Chromium without a screen, and the two phones of the page as a person finds them in it.

Every wait is for a condition; what was redrawn meanwhile is looked up again.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
MISSING = (
    None
    if CHROMIUM and DRIVER
    else "there is no Chromium with its driver: on Debian and Ubuntu, apt install chromium chromium-driver"
)
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 30.0

_Found = TypeVar("_Found")


class Browser:
    """One window."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def resize(self, width: int, height: int) -> None:
        """The inside of the window, in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def until(self, condition: Callable[[], _Found], words: str, seconds: float = _PATIENCE) -> _Found:
        """The first true value of the condition; what is missing or was redrawn is asked for again."""
        waiting = WebDriverWait(
            self.driver, seconds, 0.05, ignored_exceptions=(WebDriverException, IndexError)
        )
        return waiting.until(lambda _: condition(), f"not within {seconds:.0f} s: {words}")

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str, which: int = -1) -> None:
        """Clicks the last such element (or the `which`th) as soon as it can be clicked."""

        def clicked() -> bool:
            self.all(selector)[which].click()
            return True

        self.until(clicked, f"a click on {selector}")

    @property
    def focused(self) -> WebElement:
        """What the keys go to."""
        found: WebElement = self.driver.switch_to.active_element
        return found

    def script(self, code: str) -> Any:
        return self.driver.execute_script(code)

    def complaints(self) -> list[str]:
        """Errors in the browser's console since the last call."""
        log: list[dict[str, Any]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def choose(self, words: str) -> None:
        """An item of the menu that is open."""

        def clicked() -> bool:
            next(item for item in self.all(".menu > button") if item.text == words).click()
            return True

        self.until(clicked, f"the menu's {words}")

    def phone(self, number: int) -> "Phone":
        return Phone(self, number)


class Phone:
    """The left (0) or the right one (1)."""

    def __init__(self, browser: Browser, number: int) -> None:
        self.browser = browser
        self.root = f"[data-phone='{number}'] "

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.all(self.root + selector)

    def click(self, selector: str, which: int = -1) -> None:
        self.browser.click(self.root + selector, which)

    def press(self, data: str) -> None:
        """The newest inline button whose data begins so."""
        self.click(f".inline [data-press^='{data}']")

    def offers(self, data: str, count: int = 1) -> None:
        """Waits until so many such buttons were shown."""
        shown = lambda: len(self.all(f".inline [data-press^='{data}']")) >= count  # noqa: E731
        self.browser.until(shown, f"the button {data}")

    def type(self, text: str) -> None:
        """As soon as there is a line to write in."""

        def typed() -> bool:
            self.all(".input")[0].send_keys(text)
            return True

        self.browser.until(typed, "a line to write in")

    def say(self, text: str) -> None:
        """Types it and presses Enter."""
        self.type(text)
        self.type(Keys.ENTER)

    def texts(self, side: str) -> list[str]:
        """The texts on one side, `in` or `out`, also what is covered."""
        return [str(body.get_property("textContent")) for body in self.all(f".row.{side} .body")]

    def reads(self, text: str) -> None:
        """Waits until the partner's text is there."""
        self.browser.until(lambda: text in self.texts("in"), f"the text {text!r}")

    def sees(self, selector: str, count: int = 1) -> WebElement:
        """Waits until at least so many are shown; the last of them."""
        found = self.browser.until(lambda: len(self.all(selector)) >= count and self.all(selector), selector)
        assert found
        return found[-1]

    def says(self, selector: str, text: str) -> None:
        """Waits until the last such element has this text, covered or not."""
        words = lambda: self.all(selector)[-1].get_property("textContent") == text  # noqa: E731
        self.browser.until(words, f"{selector} to say {text!r}")

    def shows(self, selector: str) -> None:
        """Waits until the first such element can be seen."""
        self.browser.until(lambda: [one for one in self.all(selector)[:1] if one.is_displayed()], selector)

    def hides(self, selector: str) -> None:
        """Waits until no such element can be seen."""
        unseen = lambda: not any(one.is_displayed() for one in self.all(selector))  # noqa: E731
        self.browser.until(unseen, f"{selector} to go")

    def sees_picture(self, selector: str) -> None:
        """Waits until the picture has come and is drawn."""
        self.browser.until(
            lambda: self.all(selector)[-1].get_property("naturalWidth") not in (None, 0),
            f"the picture {selector}",
        )

    def open_tray(self, tab: str) -> None:
        if not any(one.is_displayed() for one in self.all(".tray")):
            self.click(".attach")
        self.browser.until(lambda: self._choose(tab), f"the tab {tab}")

    def send(self, thing: str) -> None:
        """One of the things in the tray."""
        self.open_tray("More")
        self.click(f"[data-thing='{thing}']")

    def menu(self, side: str, words: str, which: int = -1) -> None:
        """An item of the menu of the newest message (or the `which`th) on one side."""
        self.click(f".row.{side} .tools", which)
        self.browser.choose(words)

    def _choose(self, tab: str) -> bool:
        next(one for one in self.all(".tabs button") if one.text == tab).click()
        return True


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A Chromium with a folder of its own, closed at the end."""
    assert CHROMIUM, MISSING
    assert DRIVER, MISSING
    with TemporaryDirectory(prefix="duo-browser-", ignore_cleanup_errors=True) as folder:
        options = Options()
        options.binary_location = CHROMIUM
        for flag in (*_FLAGS, f"--user-data-dir={Path(folder)}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options, Service(DRIVER))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
