"""A small province that the tests of this worker share: those that change it use names and rows of their own."""

from collections.abc import Iterator

import pytest

from app.programmes.seeds import Seeds
from tests.access.town import Town, a_town
from tests.databases import Databases


@pytest.fixture(scope="session")
def town(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Shared; nobody changes its institutions but by rows that are added."""
    with a_town(databases, seeds, tmp_path_factory.mktemp("attachments")) as made:
        yield made
