"""Seals: all heads at one moment, chained, and carried to where nobody who edits the trail can reach."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from app.access.audit.chain import SEAL_GENESIS, canonical, seal_hash
from app.access.audit.record import record
from app.access.audit.trail import ROOT_DAY, lock_chain
from app.store.tables import AuditHead, AuditSeal
from app.store.types import new_key

# Not a chain: its root is the lock of whoever seals, so that seals are numbered one after the other.
_SEALING: Final = "seal"


@dataclass(frozen=True, slots=True)
class SealedHeads:
    """One seal as it was taken. `heads` are by chain: {"chain", "day", "number", "hash"}."""

    number: int
    sealed_at: datetime
    heads: list[dict[str, Any]]
    previous_hash: str
    hash: str

    @property
    def line(self) -> str:
        """The seal as one line of JSON, for export."""
        return canonical({name: getattr(self, name) for name in self.__slots__})


def take_seal(session: Session, at: datetime) -> SealedHeads:
    """Write the next seal. Export it after the transaction is committed, not before."""
    lock_chain(session, _SEALING)
    last = session.execute(select(AuditSeal.number, AuditSeal.hash).order_by(AuditSeal.number.desc()).limit(1)).first()
    values: dict[str, Any] = {
        "number": last.number + 1 if last else 1,
        "sealed_at": at,
        "heads": _newest(session),
        "previous_hash": last.hash if last else SEAL_GENESIS,
    }
    values["hash"] = seal_hash(values)
    session.execute(insert(AuditSeal).values(id=new_key(), **values))
    record(session, object_type="audit_seal", object_id=values["number"], detail={"hash": values["hash"]})
    return SealedHeads(**values)


def seals_after(session: Session, number: int) -> list[SealedHeads]:
    """The seals behind a number, in order."""
    found = session.scalars(select(AuditSeal).where(AuditSeal.number > number).order_by(AuditSeal.number))
    return [SealedHeads(one.number, one.sealed_at, one.heads, one.previous_hash, one.hash) for one in found]


def _newest(session: Session) -> list[dict[str, Any]]:
    """The newest head of each chain, all in one statement: one snapshot. Earlier days hang on them."""
    other = aliased(AuditHead)
    newest = select(func.max(other.day)).where(other.chain == AuditHead.chain).scalar_subquery()
    heads = select(AuditHead).where(AuditHead.day == newest, AuditHead.day > ROOT_DAY).order_by(AuditHead.chain)
    return [
        {"chain": head.chain, "day": head.day.isoformat(), "hash": head.hash, "number": head.number}
        for head in session.scalars(heads.execution_options(populate_existing=True))
    ]
