"""Bring a database to a revision of the schema, safely beside other processes that do the same."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.config import PROJECT_ROOT
from app.store.engine import read_only

_MIGRATIONS = PROJECT_ROOT / "migrations"
# Any constant serves, so long as every version of the program uses the same one.
_ADVISORY_LOCK = 7_365_014_291


def head_revision(migrations: Path = _MIGRATIONS) -> str:
    """The newest revision that this version of the program knows."""
    head = ScriptDirectory.from_config(_config(migrations)).get_current_head()
    if head is None:
        raise LookupError(f"{migrations} 中没有任何迁移")
    return head


def current_revision(engine: Engine) -> str | None:
    """The revision of the database, or None where nothing was ever migrated."""
    with read_only(engine).connect() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """The same, on a connection that is open already."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine, revision: str = "head", migrations: Path = _MIGRATIONS) -> None:
    """Upgrade to `revision`, all steps in one transaction. A second process waits, then finds nothing to do."""
    _run(engine, migrations, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str, migrations: Path = _MIGRATIONS) -> None:
    """Go back to `revision` ("base" is the empty database). For developers and for a failed release."""
    _run(engine, migrations, lambda config: command.downgrade(config, revision))


def _config(migrations: Path) -> Config:
    config = Config()
    # Alembic reads options through configparser, to which a percent sign is an interpolation.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(engine: Engine, migrations: Path, step: Callable[[Config], None]) -> None:
    config = _config(migrations)
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _suspend_foreign_keys(connection)
        with connection.begin():
            _lock_out_others(connection)
            config.attributes["connection"] = connection
            step(config)
            if sqlite:
                _check_foreign_keys(connection)


def _suspend_foreign_keys(connection: Connection) -> None:
    # Batch mode rebuilds a table by dropping the old one, which would delete or refuse the rows that refer to it.
    # The pragma is ignored inside a transaction; a detached connection never returns to the pool with it.
    driver_connection = connection.connection.driver_connection
    connection.detach()
    if driver_connection is not None:
        driver_connection.execute("PRAGMA foreign_keys = OFF")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"迁移后有 {len(broken)} 行违反外键，已回退")


def _lock_out_others(connection: Connection) -> None:
    # On SQLite the write lock is already held: the connection began with BEGIN IMMEDIATE.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
