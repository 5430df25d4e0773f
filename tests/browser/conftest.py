"""Debian's Chromium on the demonstration, which a process of its own serves as `make demo` does.

Without Chromium these tests do not run, and the last lines of the run say so plainly.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.service import Service
from tests.browser.sight import Sight
from tests.conftest import CHROMIUM, NO_BROWSER

_FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(item.path).parent == Path(__file__).parent]
    for item in here if CHROMIUM is None else ():
        item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demonstration of this worker's own."""
    with Service.started(tmp_path_factory.mktemp("demo")) as service:
        yield service.address


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ended with its module: as long as it lives, this thread has a running event loop, and others need their own."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def sight(chromium: Browser, base: str, request: pytest.FixtureRequest) -> Iterator[Sight]:
    """A window of the browser; parametrize indirectly with width, large and js."""
    wanted: dict[str, Any] = getattr(request, "param", {})
    made = Sight.open(chromium, base, **wanted)
    yield made
    made.close()
