"""A browser for the scenarios that want one."""

from collections.abc import Iterator

import pytest

from tests.scenarios.browser import Browser, open_browser


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
