"""The whole service behind its real gate, on a database of the test's own, with people who have keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.main import create_app
from app.store.base import Base
from app.store.engine import Database, open_database
from app.store.tables import AuditEvent
from tests.access.people import Person, a_key, an_account, an_organisation, somebody
from tests.contract import documented_client
from tests.databases import Databases, settings_for

AUDIT = {"audit_event", "audit_head"}


@dataclass(frozen=True)
class House:
    """The service with somebody who may do everything, a county clerk, and the two who look after the trail."""

    app: FastAPI
    client: TestClient
    # The database as its owner sees it, and as the service does.
    database: Database
    served: Database
    anybody: Person
    clerk: Person
    auditor: Person
    audit_admin: Person
    seal_file: Path

    def events(self, after: int = 0, **same: Any) -> list[AuditEvent]:
        """The trail, oldest first, without the `after` oldest."""
        query = select(AuditEvent).filter_by(**same).order_by(AuditEvent.at, AuditEvent.id)
        with self.database.reading() as session:
            found = list(session.scalars(query).all())
            session.expunge_all()
            return found[after:]

    def mark(self) -> int:
        """How many events there are."""
        with self.database.reading() as session:
            return counted(session, "audit_event")

    def counts(self) -> dict[str, int]:
        """Rows of every table but the trail's."""
        each = (
            select(literal(name), func.count()).select_from(table)
            for name, table in Base.metadata.tables.items()
            if name not in AUDIT
        )
        with self.database.reading() as session:
            return {row[0]: row[1] for row in session.execute(union_all(*each))}


def counted(session: Session, table: str) -> int:
    return session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) or 0


def _does_everything(session: Session) -> Person:
    office = an_organisation(session, "operator")
    account = an_account(session, office, *Role)
    return Person(account.id, office.id, a_key(session, account.id))


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    url = databases.create()
    database = open_database(settings_for(url))
    folder = tmp_path_factory.mktemp("house")
    with database.writing() as session:
        people = (
            _does_everything(session),
            somebody(session, Role.CIVIL_AFFAIRS, "140105"),
            somebody(session, Role.AUDITOR, "140100"),
            somebody(session, Role.AUDIT_ADMIN),
        )
    file = folder / "seals.jsonl"
    unlimited = {"requests_per_minute_and_caller": 0, "requests_per_minute_and_address": 0}
    own = {"audit_seal_file": file, "attachments_path": folder / "attachments", "secret_key": "x" * 64}
    settings = settings_for(url, **own, **unlimited)
    served = open_database(settings, APP_ROLE)
    app = create_app(settings, served)
    with documented_client(app) as client:
        yield House(app, client, database, served, *people, file)
    served.dispose()
    database.dispose()
    databases.drop(url)
