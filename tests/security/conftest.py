"""One town for all of these tests on each database; whatever changes it uses rows of its own."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from app.programmes.seeds import Seeds
from tests.access.town import a_town
from tests.databases import Databases
from tests.security.operations import Operation, Schema, an_app, document_of, operations_of
from tests.security.scene import Scene, a_scene


@pytest.fixture(scope="session")
def scene(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The service behind its real gate."""
    with a_town(databases, seeds, tmp_path_factory.mktemp("attachments")) as town:
        yield a_scene(town)


@pytest.fixture(scope="session")
def bare() -> FastAPI:
    """The service without a database, for laws about what it promises."""
    return an_app()


@pytest.fixture(scope="session")
def document(bare: FastAPI) -> Schema:
    """The OpenAPI document."""
    return document_of(bare)


@pytest.fixture(scope="session")
def operations(document: Schema) -> list[Operation]:
    """Everything that the service does."""
    return operations_of(document)
