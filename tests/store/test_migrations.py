"""The migrations alone build the schema of the models, in both directions, even when two processes start at once."""

import io
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from app.config import PROJECT_ROOT
from app.store.base import Base
from app.store.engine import make_engine
from app.store.migrate import current_revision, downgrade, head_revision, migrate
from tests.databases import Databases, settings_for

MIGRATE_IN_A_PROCESS = """
import sys
from app.config import Settings
from app.store.engine import make_engine
from app.store.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(make_engine(Settings(database_url=sys.argv[1])))
"""


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = make_engine(settings_for(empty_url))
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def schema(engine: Engine) -> dict[str, Any]:
    """All that the database says about each table, which is more than Alembic compares: checks, predicates, names."""
    seen = inspect(engine)
    return {
        table: {
            "columns": {column["name"]: {**column, "type": str(column["type"])} for column in seen.get_columns(table)},
            "primary key": seen.get_pk_constraint(table),
            "foreign keys": sorted(seen.get_foreign_keys(table), key=str),
            "unique": sorted(seen.get_unique_constraints(table), key=str),
            "checks": sorted(seen.get_check_constraints(table), key=str),
            "indexes": sorted(_index_texts(seen.get_indexes(table))),
        }
        for table in tables(engine)
    }


def _index_texts(indexes: list[ReflectedIndex]) -> list[str]:
    """Name, columns, uniqueness and predicate of each index; a predicate is an object that equals only itself."""
    return [
        f"{index['name']} {index['column_names']} {index['unique']} "
        f"{[str(option) for option in index.get('dialect_options', {}).values()]}"
        for index in indexes
    ]


def test_models_and_migrations_do_not_drift(empty: Engine) -> None:
    migrate(empty)
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrations_build_exactly_what_the_models_would(empty: Engine, databases: Databases) -> None:
    migrate(empty)
    url = databases.create(migrated=False)
    modelled = make_engine(settings_for(url))
    # A copy, for PostgreSQL's `create_all` leaves marks on the constraints, and SQLite's then leaves them out.
    copied = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.tables.values():
        table.to_metadata(copied)
    copied.create_all(modelled)
    assert schema(empty) == schema(modelled)
    modelled.dispose()
    databases.drop(url)


def test_up_down_and_up_again(empty: Engine) -> None:
    assert current_revision(empty) is None
    migrate(empty)
    assert current_revision(empty) == head_revision()
    assert tables(empty) == set(Base.metadata.tables)
    downgrade(empty, "base")
    assert (current_revision(empty), tables(empty)) == (None, set())
    migrate(empty)
    assert tables(empty) == set(Base.metadata.tables)


def test_migrating_twice_changes_nothing(empty: Engine) -> None:
    migrate(empty)
    before = schema(empty)
    migrate(empty)
    assert schema(empty) == before


def test_a_failing_migration_leaves_no_half_of_itself(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE rate_point (id INTEGER)"))
    with pytest.raises(Exception, match="rate_point"):
        migrate(empty)
    assert (current_revision(empty), tables(empty)) == (None, {"rate_point"})


def test_the_revision_is_read_beside_a_writer(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as writer:
        writer.execute(text("DELETE FROM rate_point"))
        assert current_revision(empty) == head_revision()


def test_a_developer_may_use_alembics_own_command(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINQIAO_DATABASE_URL", empty.url.render_as_string(hide_password=False))
    sql = io.StringIO()
    config = Config(PROJECT_ROOT / "alembic.ini", output_buffer=sql)
    command.upgrade(config, "head", sql=True)
    assert tables(empty) == set()
    assert sql.getvalue().count("CREATE TABLE") == len(Base.metadata.tables) + 1
    command.upgrade(config, "head")
    command.check(config)
    assert current_revision(empty) == head_revision()


def test_processes_may_migrate_at_once(empty_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE_IN_A_PROCESS, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    complaints = [process.communicate(timeout=60)[1] for process in processes]
    assert complaints == ["", "", ""]
    engine = make_engine(settings_for(empty_url))
    assert current_revision(engine) == head_revision()
    engine.dispose()


def test_every_constraint_has_a_name_that_a_migration_can_use(empty: Engine) -> None:
    migrate(empty)
    nameless = [
        (table, kind)
        for table, parts in schema(empty).items()
        for kind in ("foreign keys", "unique", "checks")
        for constraint in parts[kind]
        if not constraint["name"]
    ]
    assert nameless == []
