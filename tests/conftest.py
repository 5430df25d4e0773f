"""Fixtures of all tests: both databases, always; no network beyond this machine."""

import gc
import logging
import os
import shutil
import socket
from collections.abc import Iterator
from typing import Any, Final

import pytest
import structlog
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.config import PROJECT_ROOT
from app.main import create_app
from app.programmes.seeds import Seeds, read_seeds
from app.store.engine import Database, open_database
from tests.callers import OpenGate
from tests.contract import documented_client
from tests.databases import Databases, PostgresDatabases, SqliteDatabases, postgres_of_this_run, settings_for
from tests.seeded import a_seeded

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# A line for each of a hundred thousand requests says nothing that the assertions do not say.
logging.getLogger("httpx2").setLevel(logging.WARNING)


# Debian's browser, which tests/browser drives; None where there is none.
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
NO_BROWSER: Final = "浏览器测试没有运行：没有 Chromium。Debian 上：apt-get install chromium fonts-noto-cjk"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where the browser tests have to run, a machine without a browser is a failure."""
    if CHROMIUM is None and os.environ.get("YINQIAO_BROWSER") == "required":
        pytest.exit(NO_BROWSER, returncode=1)


def pytest_collection_finish() -> None:
    """What was imported lives to the end: no later collection need look through it for garbage.

    What the tests make and drop is cheap to keep for a while, and looking for it took a seventh of their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What did not run is said last of all, and loudly."""
    if CHROMIUM is None:
        terminalreporter.section("浏览器测试没有运行", sep="!", red=True, bold=True)
        terminalreporter.write_line(NO_BROWSER, red=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that reaches out would depend on somebody else's machine."""

    def connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in _LOOPBACK:
            raise RuntimeError(f"tests reach no network, this one tried {address!r}")
        real_connect(self, address)

    real_connect = socket.socket.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_event_loop() -> Iterator[None]:
    """All requests run in one loop, as in a server: a loop and its threads for each were half of a request's time."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture(scope="session", autouse=True)
def quiet_log() -> None:
    """Expected failures would otherwise fill the report with coloured tracebacks, at two seconds each."""
    structlog.configure(
        logger_factory=structlog.ReturnLoggerFactory(), processors=[structlog.processors.JSONRenderer()]
    )


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """SQLite files of this worker."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresDatabases]:
    """Databases on the PostgreSQL server of this run."""
    with postgres_of_this_run() as databases:
        yield databases


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Each kind of database in turn: a test that asks for it, or for one below, runs on both."""
    made: Databases = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="session")
def database(databases: Databases) -> Iterator[Database]:
    """A migrated database that the tests of this worker share and therefore never commit to."""
    url = databases.create()
    database = open_database(settings_for(url))
    yield database
    database.dispose()
    databases.drop(url)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session whose transaction is rolled back; its own commits end in savepoints."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def fresh_database(databases: Databases) -> Iterator[Database]:
    """A migrated database of the test's own, for tests that commit."""
    url = databases.create()
    database = open_database(settings_for(url))
    yield database
    database.dispose()
    databases.drop(url)


@pytest.fixture
def empty_url(databases: Databases) -> Iterator[str]:
    """The URL of a database without any table."""
    url = databases.create(migrated=False)
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def seeds() -> Seeds:
    """The seed folder of the checkout."""
    return read_seeds(PROJECT_ROOT / "seed")


@pytest.fixture(scope="session")
def library(databases: Databases, seeds: Seeds) -> Iterator[Database]:
    """A database with the seeds, which the tests of this worker share and therefore only read."""
    yield from a_library(databases, seeds)


def a_library(databases: Databases, seeds: Seeds) -> Iterator[Database]:
    """A database with the seeds, removed afterwards."""
    url = a_seeded(databases, seeds)
    database = open_database(settings_for(url))
    yield database
    database.dispose()
    databases.drop(url)


@pytest.fixture(scope="session")
def client(library: Database) -> Iterator[TestClient]:
    """The whole service on the seeds; every answer is checked against its OpenAPI document."""
    url = library.engine.url.render_as_string(hide_password=False)
    with documented_client(create_app(settings_for(url), library, OpenGate())) as client:
        yield client
