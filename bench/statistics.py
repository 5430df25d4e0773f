"""What PostgreSQL does by itself within a minute of a large load, and a measurement does not wait for."""

from sqlalchemy import text

from app.store.engine import Database


def settle(database: Database) -> None:
    """Let PostgreSQL count its rows; SQLite plans without statistics, as it does in the service."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
