"""A small province with follow-up in it, which the tests of this worker share and only read."""

from collections.abc import Iterator

import pytest

from app.programmes.seeds import Seeds
from tests.access.town import a_town
from tests.databases import Databases
from tests.reporting.scene import Scene, a_scene


@pytest.fixture(scope="package")
def scene(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two banks with what they made of four entries in 2026; the service on 20 November of it."""
    with a_town(databases, seeds, tmp_path_factory.mktemp("attachments")) as town:
        yield a_scene(town)
