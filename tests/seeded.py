"""Databases that hold the seeds already: written once for each kind in a process, and copied from then on."""

from datetime import UTC, datetime
from typing import Final

from app.config import PROJECT_ROOT
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import open_database
from app.whitelist.seeds import load_whitelist
from tests.databases import Databases, settings_for

SEEDED_AT: Final = datetime(2026, 9, 1, tzinfo=UTC)
_TEMPLATES: Final[dict[tuple[int, int], tuple[str, Databases, Seeds]]] = {}


def a_seeded(databases: Databases, seeds: Seeds) -> str:
    """The URL of a new database with policies, programmes, rates and the white list's parameters."""
    key = id(databases), id(seeds)
    if key not in _TEMPLATES:
        url = databases.create()
        database = open_database(settings_for(url))
        with database.writing() as session:
            load_seeds(session, seeds, SEEDED_AT)
            load_whitelist(session, PROJECT_ROOT / "seed")
        database.dispose()
        # Both are kept with it, so that no other object comes to have their identity.
        _TEMPLATES[key] = url, databases, seeds
    return databases.copy(_TEMPLATES[key][0])
