"""Writers of one chain wait for each other: no number is given twice, no link is lost, on both databases."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
import time_machine
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from app.access.audit.chain import genesis
from app.access.audit.stored import verify_stored
from app.access.audit.trail import append
from app.store.engine import Database
from app.store.tables import AuditEvent, AuditHead
from tests.access.audit.trails import a_deed, a_source, fill

# `make chaos` asks for 10,000 of each writer.
EVENTS = int(os.environ.get("YINQIAO_AUDIT_EVENTS", "300"))
WRITERS = 2


def write(database: Database, barrier: Barrier, regions: tuple[str, ...]) -> None:
    barrier.wait()
    for number in range(EVENTS):
        with database.writing() as session:
            append(session, a_source(regions[number % len(regions)]), a_deed(number))


@pytest.mark.timeout(3_600 if EVENTS > 300 else 120)
def test_two_writers_make_valid_chains(fresh_database: Database) -> None:
    barrier, regions = Barrier(WRITERS), ("140302", "140302", "140105")
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write, fresh_database, barrier, regions) for _ in range(WRITERS)]:
            done.result()
    with fresh_database.reading() as session:
        report = verify_stored(session, None)
    assert (report.findings, report.events) == ([], WRITERS * EVENTS)


def test_a_rolled_back_event_leaves_no_gap(fresh_database: Database) -> None:
    def failing() -> None:
        with fresh_database.writing() as session:
            append(session, a_source(), a_deed())
            raise ZeroDivisionError

    for number in range(3):
        with pytest.raises(ZeroDivisionError):
            failing()
        with fresh_database.writing() as session:
            append(session, a_source(), a_deed(number))
    with fresh_database.reading() as session:
        report = verify_stored(session, None)
    assert (report.findings, report.events) == ([], 3)


def test_a_day_follows_the_day_before(fresh_database: Database) -> None:
    # 15:59 and 16:01 in UTC are two days in China.
    for hour, minute in ((15, 59), (16, 1)):
        with (
            time_machine.travel(datetime(2026, 9, 1, hour, minute, tzinfo=UTC), tick=False),
            fresh_database.writing() as session,
        ):
            append(session, a_source(), a_deed())
    with fresh_database.reading() as session:
        first, second = session.scalars(select(AuditEvent).order_by(AuditEvent.at)).all()
        assert (first.day, first.number, second.day, second.number) == (date(2026, 9, 1), 1, date(2026, 9, 2), 1)
        assert (first.previous_hash, second.previous_hash) == (genesis("1403"), first.hash)


def test_a_writer_whose_clock_stands_behind_follows_the_newest_day(fresh_database: Database) -> None:
    for day in (2, 1):
        with (
            time_machine.travel(datetime(2026, 9, day, 2, tzinfo=UTC), tick=False),
            fresh_database.writing() as session,
        ):
            append(session, a_source(), a_deed())
    with fresh_database.reading() as session:
        places = session.execute(select(AuditEvent.day, AuditEvent.number).order_by(AuditEvent.number)).all()
        assert [tuple(place) for place in places] == [(date(2026, 9, 2), 1), (date(2026, 9, 2), 2)]
        assert verify_stored(session, None).findings == []


STATEMENTS = (
    "UPDATE {table} SET hash = previous_hash",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE number = 1",
)


def test_the_trail_and_its_seals_are_append_only(fresh_database: Database) -> None:
    fill(fresh_database, events=2)
    statements = list(STATEMENTS)
    if fresh_database.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE {table}")
    else:
        statements.append("INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    for table in ("audit_event", "audit_seal"):
        for statement in statements:
            with pytest.raises(DatabaseError, match="审计记录只增不改"), fresh_database.writing() as session:
                session.execute(text(statement.format(table=table)))
    with fresh_database.reading() as session:
        assert verify_stored(session, None).findings == []
        assert session.scalar(select(func.count()).select_from(AuditHead).where(AuditHead.number > 0)) == 6
