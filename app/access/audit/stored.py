"""The trail as it lies in the database, read with suspicion: what cannot be read is a finding and no error."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Dialect, RowMapping, Table, select, text
from sqlalchemy.orm import Session

from app.access.audit.chain import FIELDS, canonical
from app.access.audit.verify import Head, Link, Report, Seal, link_of, seal_of, verify
from app.store.tables import AuditEvent, AuditHead, AuditSeal

_BATCH: Final = 1_000


class Damaged:
    """A stored value that is not written as this program writes it."""

    def __init__(self, raw: object) -> None:
        self._raw = raw

    def __str__(self) -> str:
        return str(self._raw)


def verify_stored(session: Session, exported: list[Seal] | None) -> Report:
    """Check the whole trail; about 20 µs an event, in memory a few hundred bytes a seal."""
    return verify(links(session), heads(session), seals(session), exported)


def links(session: Session) -> Iterator[Link]:
    """All events by chain, day and number."""
    return (link_of(row) for row in rows(session, _table(AuditEvent), ("chain", "day", "number")))


def heads(session: Session) -> list[Head]:
    """The heads kept beside the trail, roots among them."""
    found = rows(session, _table(AuditHead), ("chain", "day"))
    return [Head(str(one["chain"]), str(one["day"]), _whole(one["number"]), str(one["hash"])) for one in found]


def seals(session: Session) -> list[Seal]:
    """All seals in their order."""
    return [seal_of(one) for one in rows(session, _table(AuditSeal), ("number",))]


def read_seals(lines: str) -> list[Seal]:
    """The seals of an exported file, one JSON object a line. An unreadable line is a seal that does not fit."""
    return [seal_of(_seal_values(line)) for line in lines.splitlines() if line.strip()]


def _seal_values(line: str) -> dict[str, Any]:
    try:
        values = dict(json.loads(line))
        values["sealed_at"] = datetime.fromisoformat(values["sealed_at"])
    except (ValueError, TypeError, KeyError):
        return {}
    return values


def rows(session: Session, table: Table, order: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """Rows of the trail. PostgreSQL keeps types; SQLite keeps what it is given, so its texts are read one by one."""
    if session.get_bind().dialect.name == "postgresql":
        query = select(table).order_by(
            *(table.c[name].collate("C") if name == "chain" else table.c[name] for name in order)
        )
        for typed in session.connection().execute(query, execution_options={"yield_per": _BATCH}).mappings():
            yield dict(typed)
        return
    dialect = session.get_bind().dialect
    names = ", ".join(table.columns.keys())
    query_text = text(f"SELECT {names} FROM {table.name} ORDER BY {', '.join(order)}")  # noqa: S608  our own names
    found = session.connection().execute(query_text, execution_options={"yield_per": _BATCH}).mappings()
    for row in found:
        yield {column.name: _read(column, row, dialect) for column in table.c}


def _read(column: Column[Any], row: RowMapping, dialect: Dialect) -> Any:
    raw = row[column.name]
    kind = column.type.dialect_impl(dialect)
    read, write = kind.result_processor(dialect, None), kind.bind_processor(dialect)
    try:
        value = raw if read is None else read(raw)
        if isinstance(column.type, JSON):
            again = None if value is None else canonical(value)
        else:
            again = value if write is None else write(value)
    except (ValueError, TypeError, AttributeError, LookupError):
        return Damaged(raw)
    return value if again == raw and type(again) is type(raw) else Damaged(raw)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else -1


def _table(model: type[Any]) -> Table:
    table: Table = model.__table__
    return table


# A column that no hash covers could be changed unseen.
if set(FIELDS) | {"hash"} != set(_table(AuditEvent).columns.keys()):
    raise RuntimeError("every column of an event but its hash has to be hashed")
