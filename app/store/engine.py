"""Engines and transactions for SQLite and PostgreSQL behind one handle, `Database`.

A unit of work says beforehand whether it reads or writes. On SQLite that chooses BEGIN or BEGIN IMMEDIATE, on
PostgreSQL a READ ONLY or READ WRITE transaction; on both a write in a reading unit is an error.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.errors import UndefinedTable
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from app.config import Settings

# Execution option that tells the begin hook of SQLite which BEGIN to emit; an engine without it writes.
_READS = "yinqiao_reads"
# What an SQLite connection was last told about it.
_TOLD = "yinqiao_told_to_read"
_WAL_ATTEMPTS = 200
_WAL_PAUSE_SECONDS = 0.01
# A pooled connection is renewed after half an hour: proxies and firewalls drop idle ones without a word.
_RECYCLE_SECONDS = 1_800


class Database:
    """An engine with its two kinds of units of work. One per process; made at the edge and passed down."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._write = sessionmaker(engine.execution_options(**{_READS: False}))
        self._read = sessionmaker(read_only(engine), autoflush=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session of one consistent read-only transaction."""
        with self._read() as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises."""
        with self._write() as session, session.begin():
            yield session

    @property
    def writers(self) -> sessionmaker[Session]:
        """What makes the writing sessions, for whoever listens to all of them."""
        return self._write

    def connections_in_use(self) -> int:
        """How many connections of the pool are working at this moment."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def open_database(settings: Settings, role: str | None = None) -> Database:
    """The database of `settings`; connects on first use. On PostgreSQL as `role`, if one is named."""
    return Database(make_engine(settings, role))


def make_engine(settings: Settings, role: str | None = None) -> Engine:
    """An engine for `settings.database_url` with every trap of the two databases closed; connects on first use."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, settings)
    return _postgres_engine(url, settings, role)


def is_transient(error: DBAPIError) -> bool:
    """Whether the database was busy or away, so that the same unit of work may succeed later."""
    if isinstance(error.orig, sqlite3.Error):
        # The low byte is the primary code; the rest refines it.
        return error.orig.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return isinstance(error, OperationalError)


def is_unmigrated(error: DBAPIError) -> bool:
    """Whether a table is missing, which a migration would make."""
    if isinstance(error.orig, sqlite3.Error):
        return str(error.orig).startswith("no such table")
    return isinstance(error.orig, UndefinedTable)


def read_only(engine: Engine) -> Engine:
    """The same engine and pool, with transactions that cannot write and, on SQLite, wait for no writer."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READS: True})
    return engine.execution_options(postgresql_readonly=True)


def _pool_options(settings: Settings) -> dict[str, Any]:
    # No overflow: the pool is at least as large as the threads, so a larger one would hide a leak.
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.pool_timeout_seconds,
        "json_serializer": _compact_json,
    }


def _compact_json(value: object) -> str:
    """Chinese stays readable in the file; NaN, which JSON does not have, is refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _postgres_engine(url: URL, settings: Settings, role: str | None) -> Engine:
    timeouts = f"-c statement_timeout={settings.statement_timeout_ms} -c lock_timeout={settings.lock_timeout_ms}"
    # Days are read as text too; a server may be set to write them otherwise.
    options = f"{timeouts} -c datestyle=ISO"
    if role is not None:
        # From the first statement of every connection on, so that no transaction can forget it.
        options += f" -c role={role}"
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=_RECYCLE_SECONDS,
        # We have no such column; looking for the type would take three round trips of every first connection.
        use_native_hstore=False,
        connect_args={"options": options, "application_name": "yinqiao"},
        **_pool_options(settings),
    )


def _sqlite_engine(url: URL, settings: Settings) -> Engine:
    # The connections of the pool travel between threads, one at a time, hence check_same_thread.
    engine = create_engine(url, connect_args={"check_same_thread": False}, **_pool_options(settings))

    @event.listens_for(engine, "do_connect")
    def make_folder(_dialect: object, _entry: object, arguments: list[str], _options: dict[str, Any]) -> None:
        Path(arguments[0]).parent.mkdir(parents=True, exist_ok=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        _prepare_sqlite(connection, settings.busy_timeout_ms)

    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, busy_timeout_ms: int) -> None:
    # None takes BEGIN away from the driver, which emits it only before the first write: the read before it is then
    # outside the transaction, and of two racing writers one silently loses its update. _begin_sqlite emits it instead.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
    connection.execute("PRAGMA foreign_keys = ON")
    _enter_wal(connection)
    # In WAL mode NORMAL survives a crash of the process; a power cut may lose the last commits but corrupts nothing.
    connection.execute("PRAGMA synchronous = NORMAL")


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL. SQLite does not wait for busy_timeout here, so two first starts may collide."""
    for attempt in range(_WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    reads = bool(connection.get_execution_options().get(_READS, False))
    driver = connection.connection.cursor()
    # The pragma lets every prepared statement expire, so that each would be prepared anew in each transaction.
    if connection.info.get(_TOLD) is not reads:
        driver.execute(f"PRAGMA query_only = {int(reads)}")
        connection.info[_TOLD] = reads
    if reads:
        # Past SQLAlchemy, which takes longer than a small query does; this waits for nothing, so that nothing but a
        # broken connection can make it fail.
        driver.execute("BEGIN")
    else:
        # IMMEDIATE takes the write lock before the first read: what a writer has read cannot be stale when it writes.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
