"""A migration keeps what was there: rows of before answer after it as they answered before it."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from app.store.engine import make_engine
from app.store.migrate import downgrade, migrate
from tests.databases import settings_for

OWNER, PROJECT, NEED, LOAN = (UUID(int=number).hex for number in range(1, 5))
AT, THEN = "2026-01-01 00:00:00+00:00", "2026-02-01 00:00:00+00:00"
_NOUN = {"region_code": "140105", "version": 1, "created_at": AT}
_OWNED = _NOUN | {"institution_id": OWNER}
_NAMED = {"name": "虚构养老院"}
_VERSION = {"recorded_from": AT, "checked": 0, "registry": 0}
_LISTED = {"list_status": "listed", "listed_on": "2026-01-05"}
# Two versions of the institution, one of all else, as the program before 0007 wrote them.
ROWS: tuple[tuple[str, dict[str, object]], ...] = (
    ("institution", {"id": OWNER, "provisional_number": "虚构-1", "site_number": 1, **_NOUN, **_NAMED, **_LISTED}),
    ("project", {"id": PROJECT, "list_status": "removed", **_OWNED, **_NAMED}),
    ("need", {"id": NEED, "status": "met", "project_id": PROJECT, **_OWNED}),
    ("loan", {"id": LOAN, "lender": "虚构银行", **_OWNED}),
    ("institution_version", {"institution_id": OWNER, **_NAMED, **_VERSION, "recorded_to": THEN}),
    ("institution_version", {"institution_id": OWNER, **_NAMED, **_VERSION, "recorded_from": THEN}),
    ("project_version", {"project_id": PROJECT, **_NAMED, **_VERSION}),
    ("need_version", {"need_id": NEED, **_VERSION}),
    ("loan_version", {"loan_id": LOAN, **_VERSION}),
)


def insert(table: str, row: dict[str, object]) -> str:
    """A statement in the words of the old schema, which no model describes any more; literals fit any column."""
    values = ", ".join(f"'{value}'" for value in row.values())
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608  all from above


@pytest.fixture
def before(empty_url: str) -> Iterator[Engine]:
    """A registry at revision 0006."""
    engine = make_engine(settings_for(empty_url))
    migrate(engine)
    downgrade(engine, "0006")
    with engine.begin() as connection:
        for table, row in ROWS:
            connection.exec_driver_sql(insert(table, {"id": uuid4().hex, **row}))
    yield engine
    engine.dispose()


def test_versions_of_before_get_the_state_that_was_present(before: Engine) -> None:
    migrate(before)
    with before.connect() as connection:

        def all_of(query: str) -> list[tuple[object, ...]]:
            return [tuple(None if one is None else str(one) for one in row) for row in connection.execute(text(query))]

        listed = all_of("SELECT list_status, listed_on FROM institution_version")
        projects = all_of("SELECT list_status, listed_on FROM project_version")
        needs = all_of("SELECT status, project_id FROM need_version")
        loans = all_of("SELECT project_id FROM loan_version")
    assert listed == [("listed", "2026-01-05")] * 2
    assert projects == [("removed", None)]
    assert [(status, UUID(str(project)).hex) for status, project in needs] == [("met", PROJECT)]
    assert loans == [(None,)]


def test_the_way_back_loses_the_repeated_state_and_nothing_else(before: Engine) -> None:
    migrate(before)
    downgrade(before, "0006")
    with before.connect() as connection:
        counts = [
            connection.scalar(text(f"SELECT count(*) FROM {noun}_version"))  # noqa: S608  the names stand here
            for noun in ("institution", "project", "need", "loan")
        ]
    assert counts == [2, 1, 1, 1]
