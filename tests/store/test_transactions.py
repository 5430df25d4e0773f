"""Units of work lose no update, see one state, and leave nothing behind when they fail. Each was a measured trap."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from app.store.engine import Database, open_database
from app.store.tables import PolicyDocument, Programme, ProgrammeVersion
from app.store.types import new_key
from tests.databases import Databases, PostgresDatabases, SqliteDatabases, settings_for
from tests.factories import a_clause, a_document, a_programme, a_version

WRITERS = 8
UPDATES = 50


@pytest.fixture
def sqlite_database(sqlite: SqliteDatabases) -> Iterator[Database]:
    database = open_database(settings_for(sqlite.create(), busy_timeout_ms=50))
    yield database
    database.dispose()


@pytest.fixture
def version(fresh_database: Database) -> ProgrammeVersion:
    with fresh_database.writing() as session:
        programme = a_programme()
        session.add(programme)
        session.flush()  # The version below refers to the programme by its key alone.
        version = a_version(programme_id=programme.id)
        session.add(version)
    return version


def in_threads(count: int, work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work) for _ in range(count)]:
            done.result()


def documents(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(PolicyDocument)) or 0


def test_of_racing_read_modify_writes_none_is_lost(fresh_database: Database, version: ProgrammeVersion) -> None:
    start = threading.Barrier(WRITERS)

    def count_up() -> None:
        start.wait()
        for _ in range(UPDATES):
            with fresh_database.writing() as session:
                row = session.scalars(select(ProgrammeVersion).with_for_update()).one()
                row.version += 1

    in_threads(WRITERS, count_up)
    with fresh_database.reading() as session:
        assert session.scalars(select(ProgrammeVersion.version)).one() == 1 + WRITERS * UPDATES


def test_a_unit_that_raises_leaves_nothing(fresh_database: Database) -> None:
    def fail() -> None:
        with fresh_database.writing() as session:
            session.add(a_document())
            session.flush()  # The row must reach the database before the failure, or nothing would be rolled back.
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert documents(fresh_database) == 0


def test_a_reading_unit_cannot_write(fresh_database: Database) -> None:
    def write_while_reading() -> None:
        with fresh_database.reading() as session:
            session.add(a_document())

    with pytest.raises(DatabaseError, match=r"readonly|read-only"):
        write_while_reading()
    with fresh_database.writing() as session:
        session.add(a_document())
    assert documents(fresh_database) == 1


def test_reading_units_do_not_stand_in_the_way_of_a_writer(fresh_database: Database) -> None:
    with fresh_database.reading() as reader:
        before = reader.scalar(select(func.count()).select_from(PolicyDocument))
        with fresh_database.writing() as writer:
            writer.add(a_document())
    assert (before, documents(fresh_database)) == (0, 1)


def test_a_row_refers_only_to_rows_that_exist(fresh_database: Database) -> None:
    def orphan() -> None:
        with fresh_database.writing() as session:
            session.add(a_clause(document_id=new_key()))

    with pytest.raises(IntegrityError):
        orphan()


def test_a_programme_has_one_open_version(fresh_database: Database, version: ProgrammeVersion) -> None:
    def open_a_second() -> None:
        with fresh_database.writing() as session:
            programme = session.scalars(select(Programme)).one()
            session.add(a_version(programme_id=programme.id, version=2))

    with pytest.raises(IntegrityError):
        open_a_second()


def test_more_threads_than_connections_wait_instead_of_failing(databases: Databases) -> None:
    url = databases.create()
    database = open_database(settings_for(url, pool_size=2, worker_threads=2))

    def count_often() -> None:
        assert [documents(database) for _ in range(5)] == [0] * 5

    in_threads(16, count_often)
    database.dispose()
    databases.drop(url)


def test_a_first_connection_outlasts_another_that_holds_the_new_file(
    sqlite: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite.create(migrated=False)
    holder = sqlite3.connect(str(make_url(url).database), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    # The switch to WAL fails at once while the file is held; the pause before the next attempt lets it go.
    monkeypatch.setattr(time, "sleep", lambda _seconds: holder.close())
    database = open_database(settings_for(url, busy_timeout_ms=1))
    with database.writing() as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.dispose()


def test_sqlite_connections_are_prepared(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        state = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous", "busy_timeout")
        }
        driver_connection = connection.connection.driver_connection
    assert driver_connection is not None
    assert driver_connection.isolation_level is None
    assert state == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 1, "busy_timeout": 50}


def test_sqlite_is_told_only_when_reading_turns_to_writing(sqlite: SqliteDatabases) -> None:
    """Each such pragma lets every prepared statement expire: the next one is prepared anew."""
    database = open_database(settings_for(sqlite.create(), pool_size=1, worker_threads=1))
    seen: list[str] = []
    for unit in (database.reading, database.reading, database.writing, database.writing, database.reading):
        with unit() as session:
            driver = session.connection().connection.driver_connection
            assert driver is not None
            driver.set_trace_callback(seen.append)
            session.scalar(select(func.count()).select_from(PolicyDocument))
    database.dispose()
    # The first was told before anybody listened.
    assert [one for one in seen if one.startswith("PRAGMA")] == ["PRAGMA query_only = 0", "PRAGMA query_only = 1"]


def test_sqlite_reads_only_after_a_writer_that_never_began_and_after_a_new_connection(sqlite: SqliteDatabases) -> None:
    database = open_database(settings_for(sqlite.create(), pool_size=1, worker_threads=1, busy_timeout_ms=1))

    def write_while_reading() -> None:
        with database.reading() as session:
            session.add(a_document())
            session.flush()

    def write() -> None:
        with database.writing() as session:
            session.add(a_document())

    holder = sqlite3.connect(str(database.engine.url.database), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        write()
    holder.close()
    with pytest.raises(OperationalError, match="readonly"):
        write_while_reading()
    with database.engine.connect() as connection:
        connection.invalidate()
    with pytest.raises(OperationalError, match="readonly"):
        write_while_reading()
    write()
    assert documents(database) == 1
    database.dispose()


def test_a_sqlite_writer_that_waited_in_vain_leaves_a_usable_pool(sqlite_database: Database) -> None:
    def write_beside() -> None:
        with sqlite_database.writing() as second:
            second.scalar(select(func.count()).select_from(PolicyDocument))

    with sqlite_database.writing() as first:
        first.add(a_document())
        first.flush()  # A unit takes the write lock with its first statement.
        for _ in range(20):
            with pytest.raises(OperationalError, match="locked"):
                write_beside()
    assert documents(sqlite_database) == 1


def test_postgresql_runs_read_committed_with_timeouts(postgresql: PostgresDatabases) -> None:
    url = postgresql.create()
    database = open_database(settings_for(url, statement_timeout_ms=1234, lock_timeout_ms=567))
    with database.writing() as session:
        names = ("transaction_isolation", "statement_timeout", "lock_timeout")
        assert [session.scalar(text(f"SHOW {name}")) for name in names] == ["read committed", "1234ms", "567ms"]
    database.dispose()
    postgresql.drop(url)
