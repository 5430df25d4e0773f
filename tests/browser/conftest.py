"""Debian's Chromium on the demonstration, which a process of its own serves as `make demo` does.

Without Chromium these tests do not run, and the last lines of the run say so plainly.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from app.config import PROJECT_ROOT
from tests.browser.sight import Sight

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
INSTITUTIONS: Final = 120
_FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_DEMO: Final = (
    "import sys; sys.argv = ['yinqiao', 'demo', '--port', sys.argv[1], '--institutions', sys.argv[2]]; "
    "from app.cli import main; main()"
)
MISSING: Final = "没有 Chromium。Debian：apt-get install chromium fonts-noto-cjk"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(item.path).parent == Path(__file__).parent]
    if CHROMIUM is None and here:
        config.stash[NOT_RUN] = len(here)
        for item in here:
            item.add_marker(pytest.mark.skip(reason=MISSING))


NOT_RUN: Final = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demonstration of this worker's own."""
    folder = tmp_path_factory.mktemp("demo")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT_ROOT),
        "YINQIAO_ROOT_PATH": str(PROJECT_ROOT),
        # A crawl asks faster than people do.
        "YINQIAO_REQUESTS_PER_MINUTE_AND_CALLER": "0",
        "YINQIAO_REQUESTS_PER_MINUTE_AND_ADDRESS": "0",
    }
    command = [sys.executable, "-c", _DEMO, str(port), str(INSTITUTIONS)]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server, folder / "log")
            yield address
        finally:
            server.terminate()


def _wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until it answers; a process that has ended says why in its log."""
    until = time.monotonic() + 110
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(log.read_text(encoding="utf-8"))
        try:
            with urlopen(f"{address}/healthz", timeout=2):  # noqa: S310  an address of this machine
                return
        except (URLError, TimeoutError, ConnectionError):
            server.poll()
    raise RuntimeError("the demonstration did not start")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
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
