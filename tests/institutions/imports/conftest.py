"""Imports behind the real gate, on both databases; the work is done by the service's own thread."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access.house import House
from tests.databases import Databases
from tests.institutions.imports.clerks import an_office


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service as it runs: on PostgreSQL as the role that owns nothing. Tests use codes of their own."""
    yield from an_office(databases, tmp_path_factory.mktemp("files"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
