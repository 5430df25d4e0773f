"""A small province whose pages the tests of this worker look at."""

from collections.abc import Iterator

import pytest

from app.programmes.seeds import Seeds
from tests.access.town import Town, a_town
from tests.databases import Databases


@pytest.fixture(scope="session")
def town(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Shared; a test that changes something uses institutions and banks of its own."""
    with a_town(databases, seeds, tmp_path_factory.mktemp("attachments")) as made:
        yield made
