"""The service behind its real gate, on PostgreSQL as the role that owns nothing."""

from collections.abc import Iterator

import pytest

from tests.access.house import House, a_house
from tests.databases import Databases


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    """Shared by the tests of a module: each has offices of its own."""
    yield from a_house(databases)
