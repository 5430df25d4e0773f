"""Many rows of one table at once, column by column: an array for each column on PostgreSQL, executemany on SQLite.

COPY would be no faster, and PostgreSQL refuses it into a table to whom its row security holds for, as it does for the
role that the service works as. Every value goes through its column's type, as in any other statement; defaults of
columns are not applied, so each row names every column that is not NULL.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, String, Table, bindparam, update
from sqlalchemy.orm import Session

Processor = Callable[[Any], Any] | None
# In the session's info: how many rows came this way, by table, for whoever keeps the record of its changes.
BULK_ROWS: Final = "bulk_rows"


def insert_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the keys of the first one. Raises IntegrityError."""
    if rows:
        insert_columns(session, table, {name: [row[name] for row in rows] for name in rows[0]})


def insert_columns(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """The same for whoever has the rows column by column, all of one length: no row is ever a mapping."""
    connection = session.connection()
    insert_bound(session, table, {name: bound(connection, table.c[name], values) for name, values in columns.items()})


def bound(connection: Connection, column: Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    """The values as the driver takes them."""
    bind = _processor(column, connection)
    if bind is None or not values:
        return values
    # Instants, blanks and empty sets are one object in all rows.
    if len(set(map(id, values))) == 1:
        return [bind(values[0])] * len(values)
    return list(map(bind, values))


def insert_bound(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert columns whose values have been through `bound`."""
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise ValueError(f"columns of {table.name} differ in length")
    count = lengths.pop()
    if not count:
        return
    _count(session, table, count)
    connection = session.connection()
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.format_column(table.c[name]) for name in columns)
    target = f"{preparer.format_table(table)} ({names})"
    if connection.dialect.name == "postgresql":
        arrays = ", ".join(f"%s::{_array(table.c[name], connection)}" for name in columns)
        # One statement, whose arrays the server lays beside each other. The names in it are those of our own tables.
        source, given = f"SELECT * FROM unnest({arrays})", [tuple(map(list, columns.values()))]  # noqa: S608
    else:
        marks = ", ".join("?" * len(columns))
        source, given = f"VALUES ({marks})", list(zip(*columns.values(), strict=True))
    connection.exec_driver_sql(f"INSERT INTO {target} {source}", given)


def update_many(session: Session, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Change rows by the column `key`, which each row names beside its new values; how many there were.

    All rows have the names of the first one.
    """
    if not rows:
        return 0
    _count(session, table, len(rows))
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != key}
    changed = update(table).where(table.c[key] == bindparam("old_key")).values(values)
    given = [{"old_key": row[key], **{f"new_{name}": row[name] for name in values}} for row in rows]
    return session.connection().execute(changed, given).rowcount


def _count(session: Session, table: Table, rows: int) -> None:
    counted = session.info.setdefault(BULK_ROWS, {})
    counted[table.name] = counted.get(table.name, 0) + rows


def _processor(column: Column[Any], connection: Connection) -> Processor:
    return column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)


def _array(column: Column[Any], connection: Connection) -> str:
    """The type of the array. Texts have no length here: a cast would cut what is too long, an INSERT refuses it."""
    kind = column.type.dialect_impl(connection.dialect)
    return "TEXT[]" if isinstance(kind, String) else f"{kind.compile(connection.dialect)}[]"
