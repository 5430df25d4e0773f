"""Taking an import back: what it added is withdrawn, what it changed gets a version with the values before.

All of it or nothing: where somebody has built on a row since, the whole is refused and those rows are named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.errors import FieldError
from app.institutions.bulk_changes import NextVersion, change_many, withdraw_many
from app.institutions.history import INSTITUTION, NEED, Recorded, recorded, with_version
from app.institutions.imports.judge import RowOutcome
from app.institutions.imports.known import looking_past
from app.institutions.imports.operations import fail, finish
from app.institutions.imports.refusals import UndoConflicts
from app.institutions.imports.sheet_rows import ROWS
from app.institutions.imports.working import Working, move_job
from app.institutions.register import move_parts
from app.store.base import Base
from app.store.search import replace_grams, search_key
from app.store.tables import Institution, Need, institution_version

# For so long a whole import can be taken back; after that, people have relied on it.
UNDO_WITHIN: Final = timedelta(hours=24)
MOST_NAMED: Final = 100
_TAKEN: Final = ROWS.c.written_version.is_not(None)
# What belongs to an institution itself, and what told of it as it was imported.
_OWN: Final = frozenset({"institution_version", "search_gram", "import_row"})
_LABELS: Final[Mapping[str, str]] = {
    "project": "项目",
    "need": "融资需求",
    "loan": "贷款",
    "attestation": "认定",
    "attachment": "附件",
    "consent": "授权",
    "assessment": "评估",
    "organisation": "账号单位",
    "institution_code": "机构代码",
    "nomination": "白名单推荐",
    "whitelist_entry": "白名单条目",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row that cannot be taken back, and why."""

    number: int
    detail: str


def conflicts(session: Session, import_id: UUID, scope: Scope, most: int = MOST_NAMED) -> list[Conflict]:
    """The first rows on which somebody has built since, by their numbers."""
    with looking_past(session, scope):
        found = [
            *_changed_institutions(session, import_id, most),
            *_changed_needs(session, import_id, most),
            *(one for table in _referring() for one in _referred(session, import_id, table, most)),
        ]
    return sorted(found, key=lambda one: one.number)[:most]


def refuse_undo(found: Sequence[Conflict]) -> UndoConflicts:
    """What to say of them."""
    errors = tuple(FieldError(f"/rows/{one.number}", UndoConflicts.code, one.detail) for one in found)
    more = "（只列出前 100 行）" if len(found) >= MOST_NAMED else ""
    return UndoConflicts(
        f"有 {len(found)} 行在导入之后有变，不能整批撤销{more}：第 {found[0].number} 行{found[0].detail}；"
        "请先处理这些机构，或逐个修改",
        errors=errors,
    )


def _changed_institutions(session: Session, import_id: UUID, most: int) -> list[Conflict]:
    query = select(ROWS.c.number).join(Institution, Institution.id == ROWS.c.institution_id)
    changed = query.where(ROWS.c.import_id == import_id, _TAKEN, Institution.version != ROWS.c.written_version)
    numbers = session.scalars(changed.order_by(ROWS.c.number).limit(most))
    return [Conflict(number, "的机构已被修改，或白名单状态已变") for number in numbers]


def _changed_needs(session: Session, import_id: UUID, most: int) -> list[Conflict]:
    query = select(ROWS.c.number).join(Need, Need.id == ROWS.c.need_id)
    changed = query.where(ROWS.c.import_id == import_id, _TAKEN, or_(Need.version != 1, Need.status != "open"))
    numbers = session.scalars(changed.order_by(ROWS.c.number).limit(most))
    return [Conflict(number, "的融资需求已被修改") for number in numbers]


def _referring() -> list[tuple[Table, ColumnElement[Any]]]:
    """Every table that names institutions, whichever rooms there are."""
    key = Institution.__table__.c.id
    return [
        (table, foreign.parent)
        for table in Base.metadata.sorted_tables
        for foreign in table.foreign_keys
        if foreign.column is key and table.name not in _OWN
    ]


def _referred(
    session: Session, import_id: UUID, referring: tuple[Table, ColumnElement[Any]], most: int
) -> list[Conflict]:
    """Added institutions that something of a table has come to refer to, other than the import's own needs."""
    table, owner = referring
    query = select(ROWS.c.number).join(table, owner == ROWS.c.institution_id).distinct()
    added = (ROWS.c.import_id == import_id, _TAKEN, ROWS.c.outcome == RowOutcome.ADDED)
    own = or_(ROWS.c.need_id.is_(None), table.c.id != ROWS.c.need_id) if table.name == "need" else None
    query = query.where(*added) if own is None else query.where(*added, own)
    label = _LABELS.get(table.name, table.name)
    numbers = session.scalars(query.order_by(ROWS.c.number).limit(most))
    return [Conflict(number, f"的机构已有{label}") for number in numbers]


class _Refused(RuntimeError):
    def __init__(self, found: Sequence[Conflict]) -> None:
        super().__init__()
        self.found = found


def undo(working: Working) -> None:
    """Take the import back in one transaction, or say why not."""
    try:
        _undo(working)
    except _Refused as refused:
        refusal = refuse_undo(refused.found)
        with working.recorded(refused=refusal.code) as session:
            move_job(session, working.import_id, state="applied")
            fail(session, working.work, refusal, working.clock())


def _undo(working: Working) -> None:
    with working.recorded() as session:
        after, now = 0, working.clock()
        _hold(session, working.import_id)
        if found := conflicts(session, working.import_id, working.scope):
            raise _Refused(found)
        while rows := _rows(session, working, after):
            _withdraw_needs(session, rows, now)
            _withdraw_added(session, rows, now)
            _restore_updated(session, rows, now)
            after = rows[-1]["number"]
        move_job(session, working.import_id, state="undone", undone_at=now)
        finish(session, working.work, now)


def _hold(session: Session, import_id: UUID) -> None:
    """Nobody changes what is about to be taken back, and nobody refers to it anew."""
    mine = select(ROWS.c.institution_id).where(ROWS.c.import_id == import_id, _TAKEN)
    session.execute(select(Institution.id).where(Institution.id.in_(mine)).order_by(Institution.id).with_for_update())


def _rows(session: Session, working: Working, after: int) -> Sequence[Mapping[Any, Any]]:
    columns = ROWS.c.number, ROWS.c.outcome, ROWS.c.institution_id, ROWS.c.need_id, ROWS.c.differences
    mine = (ROWS.c.import_id == working.import_id, _TAKEN, ROWS.c.number > after)
    return session.execute(select(*columns).where(*mine).order_by(ROWS.c.number).limit(working.chunk)).mappings().all()


def _withdraw_needs(session: Session, rows: Sequence[Mapping[Any, Any]], now: datetime) -> None:
    keys = [row["need_id"] for row in rows if row["need_id"] is not None]
    found = session.execute(with_version(NEED).where(Need.id.in_(keys))).mappings() if keys else ()
    changes = [NextVersion(one, {"status": "withdrawn"}, one.facts) for one in (recorded(NEED, row) for row in found)]
    change_many(session, NEED, changes, now)


def _withdraw_added(session: Session, rows: Sequence[Mapping[Any, Any]], now: datetime) -> None:
    keys = [row["institution_id"] for row in rows if row["outcome"] == RowOutcome.ADDED]
    withdraw_many(session, _seen(session, keys), now)


def _restore_updated(session: Session, rows: Sequence[Mapping[Any, Any]], now: datetime) -> None:
    """Rows that only added a need have left their institution as it was."""
    keys = [row["institution_id"] for row in rows if row["outcome"] == RowOutcome.UPDATED and _changed_facts(row)]
    former = _former(session, keys)
    changes = [_restored(one, former[one.id]) for one in _seen(session, keys)]
    change_many(session, INSTITUTION, changes, now)
    for one in changes:
        if one.header["name"] != one.seen.header["name"]:
            replace_grams(session, one.seen.id, one.header["name"])
        if one.header["region_code"] != one.seen.header["region_code"]:
            move_parts(session, one.seen.id, one.header["region_code"])


def _changed_facts(row: Mapping[Any, Any]) -> bool:
    return any(one["field"] != "need" for one in row["differences"] or ())


def _seen(session: Session, keys: Sequence[UUID]) -> list[Recorded]:
    if not keys:
        return []
    rows = session.execute(with_version(INSTITUTION).where(Institution.id.in_(keys))).mappings()
    return [recorded(INSTITUTION, row) for row in rows]


def _former(session: Session, keys: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """The version before the open one of each institution."""
    if not keys:
        return {}
    former, latest = institution_version, institution_version.alias("latest")
    follows = and_(latest.c.institution_id == former.c.institution_id, latest.c.recorded_from == former.c.recorded_to)
    query = select(former).join(latest, follows).where(former.c.institution_id.in_(keys))
    query = query.where(latest.c.recorded_to.is_(None))
    return {row["institution_id"]: dict(row) for row in session.execute(query).mappings()}


def _restored(seen: Recorded, former: Mapping[str, Any]) -> NextVersion:
    name = former["name"]
    header = {"name": name, "search_key": search_key(name), "region_code": former["region_code"]}
    return NextVersion(seen, header, former)
