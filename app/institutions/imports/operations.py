"""Work that outlasts its request: asked for in a row, taken by one process at a time, done chunk by chunk.

A process takes work under a lease, which every transaction of the work renews by an UPDATE that names it. Whoever
finds it run out takes the work over where its last commit left it; the one before then changes no row and stops. The
UPDATE also locks the row, so that nobody takes over in the middle of a transaction, however long it lasts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CursorResult, Table, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope
from app.errors import AppError
from app.institutions.imports.refusals import OperationNotFound, WorkInterrupted
from app.store.tables import Operation
from app.store.types import new_key

CHECK: Final = "check_import"
APPLY: Final = "apply_import"
UNDO: Final = "undo_import"
# So many processes may die over the same rows before the work is given up.
MOST_ATTEMPTS: Final = 10
_TABLE: Final[Table] = Operation.metadata.tables[Operation.__tablename__]
_FREE: Final[dict[str, Any]] = {"lease": None, "lease_until": None}


class LeaseLost(RuntimeError):
    """Another process has taken the work over; whatever this one has not committed is not to be."""


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose request the work is done, for the trail."""

    account_id: UUID
    credential: str
    request_id: str
    address: str


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work that this process holds."""

    id: UUID
    kind: str
    import_id: UUID
    lease: UUID
    lasting: timedelta
    done: int
    total: int | None
    asker: Asker


def add_operation(session: Session, kind: str, import_id: UUID, caller: Caller, asker: Asker, now: datetime) -> UUID:
    """Ask for work."""
    key = new_key()
    row = {
        "id": key,
        "kind": kind,
        "import_id": import_id,
        "region_code": caller.region_code,
        "account_id": asker.account_id,
        "credential": asker.credential,
        "request_id": asker.request_id,
        "address": asker.address,
        "state": "queued",
        "done": 0,
        "attempts": 0,
        "created_at": now,
    }
    session.execute(insert(_TABLE).values(row))
    return key


def get_operation(session: Session, key: UUID, scope: Scope) -> dict[str, Any]:
    """One piece of work in scope. Raises OperationNotFound."""
    where = _TABLE.c.id == key, scope.regions(_TABLE.c.region_code)
    row = session.execute(select(_TABLE).where(*where)).mappings().one_or_none()
    if row is None:
        raise OperationNotFound(f"没有编号为 {key} 的工作")
    return dict(row)


def latest_operation(session: Session, import_id: UUID) -> dict[str, Any] | None:
    """The newest work on an import."""
    query = select(_TABLE).where(_TABLE.c.import_id == import_id).order_by(_TABLE.c.id.desc()).limit(1)
    row = session.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def is_due(operation: dict[str, Any], now: datetime) -> bool:
    """Whether work waits for a process: nobody has it, or whoever had it has not been heard of."""
    state, until = operation["state"], operation["lease_until"]
    return bool(state == "queued" or (state == "running" and until <= now))


def next_due(session: Session) -> datetime | None:
    """When the next lease runs out; None where nobody works."""
    found: datetime | None = session.scalar(select(func.min(_TABLE.c.lease_until)).where(_TABLE.c.state == "running"))
    return found


def take(session: Session, now: datetime, lasting: timedelta) -> Work | None:
    """Take the oldest work that waits, in a transaction that commits at once; None where there is none."""
    waits = or_(_TABLE.c.state == "queued", and_(_TABLE.c.state == "running", _TABLE.c.lease_until <= now))
    oldest = select(_TABLE.c.id).where(waits).order_by(_TABLE.c.id).limit(1)
    # Another process may be about to take the same row; it is then passed over until this one looks again.
    key = session.scalar(oldest.with_for_update(skip_locked=True))
    if key is None:
        return None
    lease = new_key()
    row = {"state": "running", "lease": lease, "lease_until": now + lasting, "attempts": _TABLE.c.attempts + 1}
    session.execute(update(_TABLE).where(_TABLE.c.id == key).values(row))
    taken = session.execute(select(_TABLE).where(_TABLE.c.id == key)).mappings().one()
    asker = Asker(taken["account_id"], taken["credential"], taken["request_id"], taken["address"])
    work = Work(key, taken["kind"], taken["import_id"], lease, lasting, taken["done"], taken["total"], asker)
    if taken["attempts"] > MOST_ATTEMPTS:
        _give_up(session, work, now)
        return None
    return work


def _give_up(session: Session, work: Work, now: datetime) -> None:
    """Give the work up."""
    fail(session, work, WorkInterrupted("处理多次中断，已停止；请核对文件后重新上传，或请系统管理员查看日志"), now)


def begin_anew(session: Session, work: Work) -> None:
    """Count from nothing again: the second half of the work has its own rows."""
    _change(session, work, {"done": 0, "total": None})


def renew(session: Session, work: Work, now: datetime, *, done: int | None = None, total: int | None = None) -> None:
    """First act of each transaction of the work: hold it, and say how far it is. Raises LeaseLost."""
    said = {name: value for name, value in (("done", done), ("total", total)) if value is not None}
    moved = {} if done is None else {"attempts": 1}
    _change(session, work, {"lease_until": now + work.lasting, **said, **moved})


def finish(session: Session, work: Work, now: datetime) -> None:
    """The work is done."""
    _change(session, work, {"state": "done", "finished_at": now, **_FREE})


def fail(session: Session, work: Work, error: AppError, now: datetime) -> None:
    """The work ends without its end; the error says why, and what to do."""
    said = {"error_code": error.code, "error_detail": error.detail}
    _change(session, work, {"state": "failed", "finished_at": now, **said, **_FREE})


def give_back(session: Session, work: Work) -> None:
    """Let somebody else go on, at once."""
    _change(session, work, {"state": "queued", "attempts": _TABLE.c.attempts - 1, **_FREE})


def _change(session: Session, work: Work, values: dict[str, Any]) -> None:
    mine = update(_TABLE).where(_TABLE.c.id == work.id, _TABLE.c.lease == work.lease).values(values)
    result = session.execute(mine)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        raise LeaseLost(str(work.id))
