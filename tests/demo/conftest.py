"""A province of the size that `yinqiao demo` makes; its tests only read it."""

from collections.abc import Iterator

import pytest

from app.config import PROJECT_ROOT
from app.demo.load import DEFAULT_SIZE, load_sample
from app.demo.models import Sample, read_sample
from app.products.load import load_banks
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import Database, open_database
from tests.databases import Databases, SqliteDatabases, settings_for

SEED = 1


@pytest.fixture(scope="session")
def sample() -> Sample:
    return read_sample(PROJECT_ROOT / "seed")


def seeded(databases: Databases, seeds: Seeds, sample: Sample, size: int) -> Iterator[Database]:
    """The seeds and `size` institutions."""
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        load_seeds(session, seeds, sample.province.recorded_at)
        load_banks(session, PROJECT_ROOT / "seed")
        load_sample(session, sample, size, SEED)
    yield database
    database.dispose()
    databases.drop(url)


@pytest.fixture(scope="session")
def province(sqlite: SqliteDatabases, seeds: Seeds, sample: Sample) -> Iterator[Database]:
    yield from seeded(sqlite, seeds, sample, DEFAULT_SIZE)


@pytest.fixture
def empty_province(sqlite: SqliteDatabases, seeds: Seeds, sample: Sample) -> Iterator[Database]:
    """The seeds alone."""
    yield from seeded(sqlite, seeds, sample, 0)
