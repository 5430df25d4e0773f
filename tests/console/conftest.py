"""A small province whose pages the tests of this worker look at.

Pages know no database: what they ask is the API, whose own tests ask both.
"""

from collections.abc import Iterator

import pytest

from app.programmes.seeds import Seeds
from tests.access.town import Town, a_town
from tests.databases import SqliteDatabases


@pytest.fixture(scope="session")
def town(sqlite: SqliteDatabases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Shared; a test that changes something uses institutions and banks of its own."""
    with a_town(sqlite, seeds, tmp_path_factory.mktemp("attachments")) as made:
        yield made
