"""PostgreSQL alone, asked by the application's role: who sees an import, its rows and its work."""

from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.access.row_security import APP_ROLE, bind
from app.access.scope import FULL, NOTHING, Scope
from app.http.clock import today
from app.store.bulk import insert_many
from app.store.engine import Database, open_database
from app.store.tables import ImportJob, ImportRow, Operation, SearchGram
from app.store.types import new_key
from tests.access.house import COUNTY, House, an_institution
from tests.databases import PostgresDatabases, settings_for
from tests.institutions.imports.clerks import a_clerk, a_row

TABLES = (ImportJob, ImportRow, Operation)


def seen(session: Session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def test_an_office_sees_the_imports_of_its_region_and_nobody_else_any(house: House) -> None:
    if house.owner.engine.dialect.name != "postgresql":
        assert house.owner.engine.dialect.name == "sqlite"  # It knows no roles; the query layer alone holds the scope.
        return
    a_clerk(house).bring([a_row("虚构望月养老院")])
    with house.owner.reading() as session:
        every = seen(session)
    scopes = {
        Scope(COUNTY): every,
        Scope("1401"): every,
        FULL: every,
        Scope("140302"): [0, 0, 0],
        NOTHING: [0, 0, 0],
        Scope("", new_key()): [0, 0, 0],
        Scope("14", None, new_key(), today()): [0, 0, 0],
    }
    for scope, expected in scopes.items():
        with house.served.writing() as session:
            bind(session, scope)
            assert seen(session) == expected
            changed = session.execute(update(Operation).values(total=1))
            assert changed.rowcount == expected[2]  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", [None, APP_ROLE])
def test_rows_in_bulk_pass_row_security_whoever_writes_them(postgresql: PostgresDatabases, role: str | None) -> None:
    url = postgresql.create()
    with_owner = open_database(settings_for(url))
    with with_owner.writing() as session:
        key: UUID = an_institution(session).id
    database: Database = open_database(settings_for(url), role)
    table = SearchGram.metadata.tables["search_gram"]
    with database.writing() as session:
        bind(session, Scope(COUNTY))
        insert_many(session, table, [{"gram": f"{number:04d}", "institution_id": key} for number in range(2_500)])
    with with_owner.reading() as session:
        assert session.scalar(select(func.count()).select_from(SearchGram)) == 2_500
    for one in (database, with_owner):
        one.dispose()
    postgresql.drop(url)
