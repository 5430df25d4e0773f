"""A small province with deliveries in it, which the tests of this worker share, on a fixed day."""

from collections.abc import Iterator
from typing import Final

import pytest
import time_machine

from app.programmes.seeds import Seeds
from tests.access.town import Town, a_town
from tests.databases import Databases
from tests.referrals.scene import NOON

# Where the receivers of the tests are.
LOOPBACK: Final = "127.0.0.0/8"


@pytest.fixture(scope="session")
def town(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Shared; a test that changes something uses institutions and banks of its own."""
    with a_town(databases, seeds, tmp_path_factory.mktemp("attachments"), webhook_allowed_networks=LOOPBACK) as made:
        yield made


@pytest.fixture
def today(request: pytest.FixtureRequest) -> Iterator[None]:
    """The service on 20 November 2026, at noon in China."""
    with time_machine.travel(NOON, tick=True):
        yield
