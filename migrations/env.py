"""Alembic's environment: runs on the connection it is given, or on the database of YINQIAO_DATABASE_URL."""

from alembic import context
from sqlalchemy import Connection, text

from app.config import read_settings
from app.store.engine import make_engine
from app.store.tables import ALL_TABLES

# A migration that waits for a busy table blocks everybody behind it: better to fail and to be run again.
LOCK_TIMEOUT = "5s"

TARGET_METADATA = ALL_TABLES[0].metadata


def run_offline() -> None:
    """Print the SQL of the revisions instead of running it."""
    context.configure(
        url=read_settings().database_url,
        target_metadata=TARGET_METADATA,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online(connection: Connection) -> None:
    """Run the revisions on `connection`, in the transaction it is in or in one of their own."""
    context.configure(
        connection=connection,
        target_metadata=TARGET_METADATA,
        # SQLite alters a table by rebuilding it.
        render_as_batch=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        context.run_migrations()


def run_for_developer() -> None:
    """Run on the database of the environment."""
    engine = make_engine(read_settings())
    with engine.begin() as connection:
        run_online(connection)
    engine.dispose()


if context.is_offline_mode():
    run_offline()
elif (given := context.config.attributes.get("connection")) is not None:
    run_online(given)
else:
    run_for_developer()
