"""The whole service on a database of this room's own; every answer is checked against its OpenAPI document."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.store.engine import Database, open_database
from app.store.tables import Programme
from tests.callers import OpenGate
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.institutions.registry import Registry


@pytest.fixture(scope="session")
def attachments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attachments")


@pytest.fixture(scope="session")
def registry_database(databases: Databases) -> Iterator[Database]:
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        session.add(Programme(slug="xugou-subsidy"))
    yield database
    database.dispose()
    databases.drop(url)


@pytest.fixture(scope="session")
def registry_client(registry_database: Database, attachments: Path) -> Iterator[TestClient]:
    url = registry_database.engine.url.render_as_string(hide_password=False)
    app = create_app(settings_for(url, attachments_path=attachments), registry_database, OpenGate())
    with documented_client(app) as client:
        yield client


@pytest.fixture
def registry(registry_client: TestClient) -> Registry:
    return Registry(registry_client)
