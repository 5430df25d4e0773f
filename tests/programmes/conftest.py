"""A service of its own for tests that write: the seeds, and a client whose answers are checked."""

from collections.abc import Iterator

import pytest
import time_machine
from fastapi.testclient import TestClient

from app.main import create_app
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import Database, open_database
from tests.callers import OpenGate
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.seeded import SEEDED_AT


@pytest.fixture(scope="module")
def desk(databases: Databases, seeds: Seeds) -> Iterator[Database]:
    """A database with the seeds, which the tests of one module write to."""
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        load_seeds(session, seeds, SEEDED_AT)
    yield database
    database.dispose()
    databases.drop(url)


@pytest.fixture(scope="module")
def api(desk: Database) -> Iterator[TestClient]:
    """The service on it."""
    url = desk.engine.url.render_as_string(hide_password=False)
    with documented_client(create_app(settings_for(url), desk, OpenGate())) as client:
        client.base_url = client.base_url.join("/api/v1/")
        yield client


@pytest.fixture(autouse=True)
def on_a_day() -> Iterator[None]:
    """The service runs on 2026-11-20, later than the seeds were loaded."""
    with time_machine.travel("2026-11-20T04:00:00+00:00", tick=True):
        yield
