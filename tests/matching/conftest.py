"""A service on the seeds, a random registry and twelve products; its tests only read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import create_app
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import Database, open_database
from tests.callers import OpenGate
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.matching.factories import Registry, a_bank, populate, products, publish
from tests.seeded import SEEDED_AT


@dataclass(frozen=True)
class World:
    """A database with its service, what was written to it, and the products by slug."""

    database: Database
    app: FastAPI
    client: TestClient
    registry: Registry
    products: dict[str, UUID]


def service_on(database: Database) -> FastAPI:
    """The whole service, with the routes of matching whether or not it has them yet."""
    return create_app(settings_for(database.engine.url.render_as_string(hide_password=False)), database, OpenGate())


def a_world(database: Database, seeds: Seeds, size: int) -> World:
    """Everything written and committed."""
    with database.writing() as session:
        load_seeds(session, seeds, SEEDED_AT)
        registry = Registry(session)
        populate(registry, Random(3), size)
        bank = a_bank(session)
        published = {record.slug: publish(session, bank, record) for record in products()}
    app = service_on(database)
    return World(database, app, documented_client(app), registry, published)


@pytest.fixture(scope="session")
def world(databases: Databases, seeds: Seeds) -> Iterator[World]:
    """Shared by the tests of this worker, which only read it."""
    url = databases.create()
    database = open_database(settings_for(url))
    yield a_world(database, seeds, 20)
    database.dispose()
    databases.drop(url)


@pytest.fixture(scope="session")
def workshop(databases: Databases, seeds: Seeds) -> Iterator[World]:
    """For tests that add cases, products and assessments, and change nobody else's."""
    url = databases.create()
    database = open_database(settings_for(url))
    yield a_world(database, seeds, 3)
    database.dispose()
    databases.drop(url)


@pytest.fixture
def fresh_world(fresh_database: Database, seeds: Seeds) -> World:
    """For tests that change everything."""
    return a_world(fresh_database, seeds, 3)
