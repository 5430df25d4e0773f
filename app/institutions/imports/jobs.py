"""Imports as people handle them: sent, looked at, written, taken back. The work itself is done elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope
from app.errors import FieldError, Forbidden
from app.institutions.imports.judge import RowOutcome
from app.institutions.imports.operations import APPLY, CHECK, UNDO, Asker, add_operation, latest_operation
from app.institutions.imports.refusals import (
    ImportFileRefused,
    ImportNotApplied,
    ImportNotChecked,
    ImportNotFound,
    UndoTooLate,
)
from app.institutions.imports.schemas import (
    ApplyIn,
    Duplicates,
    ImportCountsOut,
    ImportOut,
    ImportRowOut,
    Mode,
    OperationErrorOut,
    OperationOut,
    SheetRowOut,
)
from app.institutions.imports.sheet_rows import ROWS, counts, written_count
from app.institutions.imports.undoing import UNDO_WITHIN, conflicts, refuse_undo
from app.institutions.imports.working import JOBS, move_job
from app.institutions.imports.writing import open_rows, refuse_open
from app.institutions.storage import Draft, Storage
from app.store.types import new_key

_LISTED: Final = tuple(name for name in ImportRowOut.model_fields)
_SAYS: Final[Mapping[str, str]] = {
    "checking": "还在核对，请等核对完成",
    "checked": "已核对，尚未写入",
    "unreadable": "文件没能读完，请改正文件后重新上传",
    "applying": "正在写入，请等写入完成",
    "applied": "已经写入",
    "undoing": "正在撤销，请等撤销完成",
    "undone": "已经撤销",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody wants done with a file."""

    name: str
    dry_run: bool
    mode: Mode
    duplicates: Duplicates


def add_import(
    session: Session, sent: Sent, draft: Draft, storage: Storage, caller: Caller, asker: Asker, now: datetime
) -> tuple[UUID, UUID]:
    """Keep the file and ask for its check; the import and the work. Raises ImportFileRefused or Forbidden."""
    if not draft.size:
        detail = "文件是空的，请核对后重新上传"
        raise ImportFileRefused(detail, errors=(FieldError("", "workbook_empty", detail),))
    row = _new_job(sent, draft, caller, now)
    session.execute(insert(JOBS).values(row))
    operation = add_operation(session, CHECK, row["id"], caller, asker, now)
    # Before the commit: content that no row knows is harmless, a row without content is not.
    storage.keep(draft.path, draft.sha256)
    return row["id"], operation


def _new_job(sent: Sent, draft: Draft, caller: Caller, now: datetime) -> dict[str, Any]:
    if caller.account_id is None or caller.organisation_id is None:
        raise Forbidden("导入要记在本人名下，请用自己的账号登录后上传")
    return {
        "id": new_key(),
        "region_code": caller.region_code,
        "organisation_id": caller.organisation_id,
        "account_id": caller.account_id,
        "file_name": sent.name,
        "sha256": draft.sha256,
        "size": draft.size,
        "state": "checking",
        "dry_run": sent.dry_run,
        "mode": sent.mode,
        "duplicates": sent.duplicates,
        "version": 1,
        "created_at": now,
    }


def list_imports(scope: Scope) -> Select[Any]:
    """The imports in scope."""
    return select(*(JOBS.c[name] for name in _LISTED)).where(scope.regions(JOBS.c.region_code))


def get_import(session: Session, key: UUID, scope: Scope) -> dict[str, Any]:
    """One import in scope. Raises ImportNotFound."""
    query = select(JOBS).where(JOBS.c.id == key, scope.regions(JOBS.c.region_code))
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise ImportNotFound(f"没有编号为 {key} 的导入")
    return dict(row)


def list_rows(import_id: UUID, outcome: RowOutcome | None) -> Select[Any]:
    """The rows of an import, or those of one outcome."""
    query = select(ROWS).where(ROWS.c.import_id == import_id)
    return query if outcome is None else query.where(ROWS.c.outcome == outcome)


def ask_to_apply(
    session: Session, job: Mapping[str, Any], body: ApplyIn, caller: Caller, asker: Asker, now: datetime
) -> UUID:
    """Ask for the writing of what was checked. Raises ImportNotChecked or ImportHasOpenRows."""
    if job["state"] != "checked":
        raise ImportNotChecked(f"这次导入{_SAYS[job['state']]}，不能写入")
    wanted = {**job, "mode": body.mode, "duplicates": body.duplicates}
    blocking = open_rows(wanted, counts(session, job["id"]))
    if body.mode == "atomic" and blocking:
        raise refuse_open(blocking)
    move_job(session, job["id"], state="applying", mode=body.mode, duplicates=body.duplicates)
    return add_operation(session, APPLY, job["id"], caller, asker, now)


def ask_to_undo(
    session: Session, job: Mapping[str, Any], caller: Caller, asker: Asker, scope: Scope, now: datetime
) -> UUID:
    """Ask for the undoing of what was written. Raises ImportNotApplied, UndoTooLate or UndoConflicts."""
    if job["state"] != "applied":
        raise ImportNotApplied(f"这次导入{_SAYS[job['state']]}，没有可以撤销的")
    if now >= job["applied_at"] + UNDO_WITHIN:
        raise UndoTooLate("写入已超过 24 小时，不能整批撤销；请逐个更正")
    if found := conflicts(session, job["id"], scope):
        raise refuse_undo(found)
    move_job(session, job["id"], state="undoing")
    return add_operation(session, UNDO, job["id"], caller, asker, now)


def import_out(session: Session, job: Mapping[str, Any], api: str) -> ImportOut:
    """An import with what was found."""
    operation = latest_operation(session, job["id"])
    assert operation is not None  # noqa: S101  for the type checker; an import is written with its first work
    found = counts(session, job["id"])
    columns = job["columns"] or {}
    return ImportOut(
        **{name: job[name] for name in _LISTED},
        counts=ImportCountsOut(
            total=sum(found.values()),
            written=written_count(session, job["id"]),
            **{outcome.value: number for outcome, number in found.items()},
        ),
        unknown_columns=columns.get("unknown", []),
        other_sheets=columns.get("other_sheets", []),
        undo_until=job["applied_at"] + UNDO_WITHIN if job["state"] == "applied" else None,
        operation=operation_out(operation, job, api),
    )


def operation_out(operation: Mapping[str, Any], job: Mapping[str, Any], api: str) -> OperationOut:
    """Work as it is told."""
    named = {name: operation[name] for name in ("id", "kind", "state", "done", "total", "created_at", "finished_at")}
    code, detail = operation["error_code"], operation["error_detail"]
    error = None if code is None else OperationErrorOut(code=code, detail=detail)
    return OperationOut(**named, phase=job["state"], error=error, result=f"{api}/imports/{job['id']}")


def sheet_row_out(row: Mapping[Any, Any]) -> SheetRowOut:
    """A row of the sheet as it is told."""
    named: dict[str, Any] = {
        name: row[name] for name in ("number", "outcome", "name", "uscc", "site_number", "institution_id")
    }
    found: dict[str, Any] = {name: row[name] or [] for name in ("differences", "duplicates", "problems")}
    return SheetRowOut(**named, written=row["written_version"] is not None, **found)
