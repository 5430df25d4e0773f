"""Trails for the tests: two days, three chains, seals in between; all fictional."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import time_machine
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.access.audit.seals import seals_after, take_seal
from app.access.audit.stored import heads, read_seals, rows, seals
from app.access.audit.trail import DONE, Deed, Source, append
from app.access.audit.verify import Head, Seal
from app.store.engine import Database
from app.store.tables import AuditEvent
from app.store.types import new_key

REGIONS = ("140302", "140105", "000000")
DAYS = (datetime(2026, 9, 1, 2, tzinfo=UTC), datetime(2026, 9, 2, 2, tzinfo=UTC))


@dataclass(frozen=True)
class Trail:
    """A sealed trail as it was read from a database."""

    events: list[dict[str, Any]]
    heads: list[Head]
    seals: list[Seal]
    exported: list[Seal]


def a_source(region: str = "140302", **changes: Any) -> Source:
    values: dict[str, Any] = {
        "account_id": UUID(int=1),
        "account_name": "虚构人员",
        "organisation_id": UUID(int=2),
        "organisation_name": "虚构民政局",
        "region_code": region,
        "credential": "key:xugou",
        "request_id": new_key().hex,
        "address": "192.0.2.1",
    }
    return Source(**values | changes)


def a_deed(number: int = 1, **changes: Any) -> Deed:
    row = {"table": "institution", "key": str(number), "kind": "update", "hidden": ["telephone"]}
    fields = {"beds_total": {"before": number, "after": number + 1}, "name": {"after": f"虚构院{number}"}}
    values: dict[str, Any] = {
        "action": "change_institution",
        "outcome": DONE,
        "object_type": "institution",
        "object_id": str(number),
        "changes": [{**row, "fields": fields}],
        "detail": {"note": "虚构"},
    }
    return Deed(**values | changes)


def fill(database: Database, events: int = 5) -> None:
    """`events` for each chain and day; a seal in the middle of each day and one at the end."""
    for day in DAYS:
        with time_machine.travel(day, tick=False):
            for number in range(events):
                for region in REGIONS:
                    with database.writing() as session:
                        append(session, a_source(region), a_deed(number))
                if number in {events // 2, events - 1}:
                    with database.writing() as session:
                        take_seal(session, day)


def read_trail(session: Session) -> Trail:
    table: Any = AuditEvent.__table__
    exported = read_seals("\n".join(seal.line for seal in seals_after(session, 0)))
    events = [dict(row) for row in rows(session, table, ("chain", "day", "number"))]
    return Trail(events, heads(session), seals(session), exported)


def let_edit(connection: Connection) -> None:
    """Take the triggers away, as whoever owns the database can."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        return
    names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"))
    for name in names.all():
        connection.execute(text(f"DROP TRIGGER {name}"))


@contextmanager
def edited(database: Database) -> Iterator[Session]:
    """A session whose edits of the trail are undone."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        let_edit(connection)
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()
