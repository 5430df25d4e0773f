"""Schemathesis on every operation with all its checks: what the document promises, the service keeps."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from app.http.unit_of_work import use_database
from app.institutions.attachment_routes import use_storage
from app.institutions.storage import Folder
from app.main import create_app
from app.programmes.seeds import Seeds
from app.store.engine import Database
from tests.callers import ONE_KEY, OneKeyGate
from tests.conftest import a_library
from tests.databases import Databases, settings_for

# `make fuzz` asks for many more; this number keeps an ordinary run short.
FUZZES = "YINQIAO_FUZZ_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("YINQIAO_FUZZ_EXAMPLES", "2"))
# A day before a series begins, a loan that is due before it is drawn, a number that a fact does not reach: no JSON
# schema says that one value must fit another, so 422 may answer a body or a query that fits the schema by itself.
# And 400 answers what the reader refuses before any schema: a number of 176 digits, U+0000 in a text.
# 401, 403 and 429 are what somebody gets who signs in with made-up passwords, from a page that is none of ours.
CROSS_FIELD = {
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "400", "401", "403", "404", "409", "412", "422", "428", "429"]
    },
    # Facts are read after the version: whoever wrote about another version has to read again anyhow.
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428", "429"]
    },
}
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": CROSS_FIELD,
        "generation": {"max-examples": EXAMPLES, "database": "none", "deterministic": not FUZZES},
    }
)


class OneKey:
    """Shows the key to every operation that asks for one, and says that it is meant to be right."""

    def get(self, _case: Any, _context: Any) -> str:
        return f"Bearer {ONE_KEY}"

    def set(self, case: Any, data: str, _context: Any) -> None:
        case.headers["Authorization"] = data


# Made without a fixture, since the operations are the tests; it connects to nothing before a test gives it a database.
APP = create_app(settings_for("sqlite:///never-opened.db", secret_key="k" * 32), gate=OneKeyGate())
API = schemathesis.openapi.from_asgi("/openapi.json", APP, config=CONFIG)
API.auth()(OneKey)


@pytest.fixture(scope="module")
def scratch(databases: Databases, seeds: Seeds) -> Iterator[Database]:
    """A library of these tests' own: generated requests write what they like."""
    yield from a_library(databases, seeds)


@pytest.fixture
def on_seeds(scratch: Database, tmp_path: Path) -> None:
    use_database(APP, scratch)
    use_storage(APP, Folder(tmp_path))


# PostgreSQL is the stricter of the two about text and numbers, so an ordinary run asks it alone.
@API.parametrize()
@pytest.mark.parametrize("databases", ["postgresql", *(["sqlite"] if FUZZES else [])], indirect=True)
@pytest.mark.timeout(7_200 if FUZZES else 120)
@pytest.mark.usefixtures("on_seeds")
def test_operation(case: Any) -> None:
    case.call_and_validate()
