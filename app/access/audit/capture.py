"""What a session changed, seen from the session itself, so that no room can forget to say it.

Objects are seen as they are flushed, with before and after of each changed column; INSERT, UPDATE and DELETE statements
as they are executed, the rows they concern read beforehand. Many rows at once (`store/bulk.py`) are counted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast
from weakref import WeakSet

from sqlalchemy import ColumnElement, Table, event, func, inspect, select, true, tuple_
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction, sessionmaker
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.sql.elements import BindParameter, ClauseElement

from app.access.audit.chain import canonical, plain
from app.access.audit.hidden import UNRECORDED, VERSIONS, is_shown
from app.store.bulk import BULK_ROWS
from app.store.engine import Database

_KEY: Final = "audit.changes"
# An event names this many rows one by one; of more it says how many there were in which table.
MOST_ROWS: Final = 100
# A longer value is given by its length and SHA-256: enough to prove which it was.
LONGEST_VALUE: Final = 500
_UNKNOWN: Final = object()
# SQLAlchemy does not notice that the makers of sessions get the same listener twice.
_WATCHED: Final[WeakSet[sessionmaker[Session]]] = WeakSet()

Values = Mapping[str, Any]


@dataclass(slots=True)
class Changes:
    """The changed rows of a unit of work, in order, and the number of those that are not listed, by table."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    unlisted: dict[str, int] = field(default_factory=dict)
    # The version that was closed, by table and owner: the next one is shown as what differs from it.
    closed: dict[tuple[str, Any], Values] = field(default_factory=dict)
    savepoints: dict[SessionTransaction, int] = field(default_factory=dict)

    def add(self, table: Table, kind: str, before: Values, after: Values) -> None:
        """One row: `before` and `after` hold the columns that matter, the primary key in either."""
        if table.name in UNRECORDED:
            return
        if len(self.rows) >= MOST_ROWS:
            self.count(table.name, 1)
            return
        owner = VERSIONS.get(table.name)
        if owner is not None and kind == "insert" and (closed := self.closed.pop((table.name, after[owner]), None)):
            kind, before = "replace", closed
        self.rows.append(_row(table, kind, before, after))

    def count(self, table: str, rows: int) -> None:
        """Rows that are not listed."""
        self.unlisted[table] = self.unlisted.get(table, 0) + rows


def watch(database: Database) -> None:
    """Let every writing session of `database` remember what it changes. May be called again."""
    if database.writers in _WATCHED:
        return
    _WATCHED.add(database.writers)
    for name, listener in (
        ("after_flush", _after_flush),
        ("do_orm_execute", _on_execute),
        ("after_transaction_create", _on_begin),
        ("after_soft_rollback", _on_rollback),
    ):
        event.listen(database.writers, name, listener)


def changes_of(session: Session) -> Changes:
    """What the session has changed so far; flush it first."""
    changes = _changes(session)
    for table, rows in session.info.pop(BULK_ROWS, {}).items():
        if table not in UNRECORDED:
            changes.count(table, rows)
    return changes


def _changes(session: Session) -> Changes:
    changes: Changes = session.info.setdefault(_KEY, Changes())
    return changes


def _on_begin(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        changes = _changes(session)
        changes.savepoints[transaction] = len(changes.rows)


def _on_rollback(session: Session, transaction: SessionTransaction) -> None:
    changes = _changes(session)
    if (length := changes.savepoints.pop(transaction, None)) is not None:
        del changes.rows[length:]


def _after_flush(session: Session, _context: UOWTransaction) -> None:
    # The lists and histories of the session still say what was flushed; keys made by defaults are known already.
    changes = _changes(session)
    for one in session.new:
        changes.add(*_seen(one, "insert"))
    for one in session.dirty:
        if session.is_modified(one):
            changes.add(*_seen(one, "update"))
    for one in session.deleted:
        changes.add(*_seen(one, "delete"))


def _seen(one: object, kind: str) -> tuple[Table, str, Values, Values]:
    state = inspect(one)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for attribute in state.mapper.column_attrs:
        column = attribute.columns[0]
        history = state.attrs[attribute.key].history
        now = state.dict.get(attribute.key)
        if kind == "delete" or column.primary_key:
            before[column.name] = now
        if kind == "insert" and now is not None:
            after[column.name] = now
        elif kind == "update" and history.has_changes():
            # A column that was never read has no known value before.
            before[column.name] = history.deleted[0] if history.deleted else _UNKNOWN
            after[column.name] = now
    return state.mapper.local_table, kind, {} if kind == "insert" else before, after


def _on_execute(state: ORMExecuteState) -> None:
    statement = state.statement
    if not isinstance(statement, Insert | Update | Delete) or not isinstance(statement.table, Table):
        return
    if statement.table.name in UNRECORDED:
        return
    changes = _changes(state.session)
    match statement:
        case Insert():
            _inserted(changes, statement, state.parameters)
        case Update():
            _updated(changes, state.session, statement, state.parameters)
        case Delete():
            _deleted(changes, state.session, statement)


def _inserted(changes: Changes, statement: Insert, parameters: Any) -> None:
    table = _table(statement)
    several = [*_given(parameters), *(row for rows in statement._multi_values for row in rows)]
    for row in several or [{}]:
        values = {**_literal(table, statement._values or {}), **_literal(table, cast(Values, row))}
        changes.add(table, "insert", {}, {name: value for name, value in values.items() if value is not None})


def _updated(changes: Changes, session: Session, statement: Update, parameters: Any) -> None:
    table = _table(statement)
    keys = [column.name for column in table.primary_key]
    if rows := _given(parameters):
        # UPDATE by primary key, many rows at once: each says its key and its new values.
        given = {tuple(row[key] for key in keys): row for row in rows}
        listed = list(given)[:MOST_ROWS]
        named = {name for row in rows for name in row}
        for before in _rows(changes, session, table, tuple_(*table.primary_key).in_(listed), named):
            changes.add(table, "update", before, given[tuple(before[key] for key in keys)])
        if len(given) > len(listed):
            changes.count(table.name, len(given) - len(listed))
        return
    after = _literal(table, statement._values or {})
    closes = table.name in VERSIONS and "recorded_to" in after
    named = {column.name for column in table.c} if closes else {*after, *keys}
    for before in _rows(changes, session, table, statement.whereclause, named):
        if closes:
            changes.closed[table.name, before[VERSIONS[table.name]]] = before
        changes.add(table, "update", {name: before[name] for name in {*after, *keys}}, after)


def _deleted(changes: Changes, session: Session, statement: Delete) -> None:
    table = _table(statement)
    for before in _rows(changes, session, table, statement.whereclause, {column.name for column in table.c}):
        changes.add(table, "delete", before, {})


def _rows(
    changes: Changes, session: Session, table: Table, where: ColumnElement[bool] | None, named: set[str]
) -> list[dict[str, Any]]:
    """The rows that a statement is about to change; those beyond the most that are listed are counted."""
    columns = [column for column in table.c if column.primary_key or column.name in named]
    query = select(*columns).where(true() if where is None else where)
    # The connection and not the session: nothing is to be flushed, and nobody is to be asked again.
    connection = session.connection()
    found = connection.execute(query.limit(MOST_ROWS + 1)).mappings().all()
    if len(found) > MOST_ROWS:
        rows = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        changes.count(table.name, rows - MOST_ROWS)
    return [dict(one) for one in found[:MOST_ROWS]]


def _table(statement: Insert | Update | Delete) -> Table:
    if not isinstance(statement.table, Table):
        raise TypeError("only tables are written")
    return statement.table


def _given(parameters: Any) -> list[Values]:
    return [parameters] if isinstance(parameters, Mapping) else list(parameters or ())


def _literal(table: Table, values: Mapping[Any, Any]) -> dict[str, Any]:
    """New values by column name; one that the database computes is not known here."""
    literal: dict[str, Any] = {}
    for column, value in values.items():
        name = column if isinstance(column, str) else column.name
        if isinstance(value, BindParameter):
            literal[name] = value.value
        else:
            literal[name] = _UNKNOWN if isinstance(value, ClauseElement) else value
    return {name: value for name, value in literal.items() if name in table.c}


def _row(table: Table, kind: str, before: Values, after: Values) -> dict[str, Any]:
    """One row as the trail tells it: its key, what changed from what to what, and names of what stays hidden."""
    # A version is known by what it is a version of; a key that a default makes as the row is inserted is not seen.
    owner = VERSIONS.get(table.name)
    keys = [column.name for column in table.primary_key] if owner is None else [owner]
    key = [str(shown(after.get(name, before.get(name, "")))) for name in keys]
    names = [name for name in {**before, **after} if _differs(kind, before, after, name)]
    fields = {
        name: {
            place: shown(values[name])
            for place, values in (("before", before), ("after", after))
            if values.get(name, _UNKNOWN) is not _UNKNOWN
        }
        for name in names
        if is_shown(table.name, name)
    }
    hidden = sorted(name for name in names if not is_shown(table.name, name))
    return {"table": table.name, "key": "/".join(key), "kind": kind, "fields": fields, "hidden": hidden}


def _differs(kind: str, before: Values, after: Values, name: str) -> bool:
    if kind in {"insert", "delete"}:
        return (after if kind == "insert" else before)[name] is not None
    if kind == "replace":
        return name != "id" and before.get(name) != after.get(name)
    return name in after and (name not in before or before[name] != after[name])


def shown(value: Any) -> Any:
    """A value as it stands in the trail: JSON without floats and without U+0000, long ones by length and SHA-256."""
    simple = plain(_exact(value))
    text = simple if isinstance(simple, str) else canonical(simple)
    if len(text) <= LONGEST_VALUE:
        return simple
    return {"characters": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _exact(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
        case Enum():
            return _exact(value.value)
        case Decimal():
            return f"{value:f}"
        case float():
            return repr(value)
        case bytes():
            return {"bytes": len(value)}
        case Mapping():
            return {_exact(str(key)): _exact(one) for key, one in value.items()}
        case Sequence() | set() | frozenset():
            return [_exact(one) for one in value]
        case _:
            return value
