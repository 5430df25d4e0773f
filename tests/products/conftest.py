"""A service of its own for tests that write: the seeds, the relending lists, and clients whose answers are checked."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient

from app.config import PROJECT_ROOT
from app.main import create_app
from app.products.load import load_banks
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import Database, open_database
from tests.callers import OpenGate
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.products.samples import DAY, a_product, bank_body
from tests.seeded import SEEDED_AT

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def shop(databases: Databases, seeds: Seeds) -> Iterator[Database]:
    """A database with the seeds, which these tests write to under names of their own."""
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        load_seeds(session, seeds, SEEDED_AT)
        load_banks(session, PROJECT_ROOT / "seed")
    yield database
    database.dispose()
    databases.drop(url)


@pytest.fixture(scope="session")
def api(shop: Database) -> Iterator[TestClient]:
    """The service on it."""
    url = shop.engine.url.render_as_string(hide_password=False)
    with documented_client(create_app(settings_for(url), shop, OpenGate())) as client:
        client.base_url = client.base_url.join("/api/v1/")
        yield client


@pytest.fixture
def on() -> Iterator[Callable[[date], None]]:
    """Moves the service to a day; it begins on 2026-11-20."""
    with time_machine.travel(f"{DAY}T04:00:00+00:00", tick=True) as traveller:

        def move(day: date) -> None:
            traveller.move_to(f"{day}T04:00:00+00:00", tick=True)

        yield move


@pytest.fixture
def slug() -> str:
    """A name that no other test has."""
    return f"xugou-{next(_NUMBERS)}"


@pytest.fixture
def draft(api: TestClient, slug: str, on: Callable[[date], None]) -> Callable[..., dict[str, Any]]:
    """Posts a product of a bank of its own, with some terms changed, and returns its answer."""

    def post(**changes: Any) -> dict[str, Any]:
        api.post("banks", json=bank_body(slug))
        response = api.post("products", json=a_product(slug, slug, **changes))
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    return post
