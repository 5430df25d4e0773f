"""Reading batches, their lines and the objections to them, within a scope."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from app.access.scope import Scope, in_region
from app.rules.bind import region_prefix
from app.store.pages import Key
from app.store.tables import Batch, BatchRow, EntrySnapshot, Nomination, Objection, WhitelistEntry
from app.whitelist.refusals import BatchNotFound, ObjectionNotFound

Rows: TypeAlias = Select[*tuple[Any, ...]]
# What is announced or published is for every office; a draft is the province's own.
_ANNOUNCED: Final = ("on_notice", "published")
# Lines are printed by region, then in the order in which they were nominated.
ROW_ORDER: Final = (Key(BatchRow.region_code), Key(Nomination.number))
BATCH_ORDER: Final = (Key(Batch.id, descending=True),)
OBJECTION_ORDER: Final = (Key(Objection.id),)
# In each state of a batch, the state of a nomination that is really in it.
STANDS: Final = {"draft": "approved", "on_notice": "on_notice", "published": "listed"}


class Row(NamedTuple):
    """A line of a batch with its nomination."""

    row: BatchRow
    nomination: Nomination


def _visible(scope: Scope) -> ColumnElement[bool]:
    return true() if is_keeper(scope) else Batch.state.in_(_ANNOUNCED)


def is_keeper(scope: Scope) -> bool:
    """Whether the caller acts for the province itself, and not for a bank."""
    return scope.is_province and scope.bank_id is None


def get_batch(session: Session, batch_id: UUID, scope: Scope, *, lock: bool = False) -> Batch:
    """One batch; with `lock` nobody else changes it before the unit of work ends. Raises BatchNotFound."""
    query = select(Batch).where(Batch.id == batch_id, _visible(scope))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise BatchNotFound(f"没有编号为 {batch_id} 的批次，或它还是省级的草稿")
    return found


def select_batches(scope: Scope, state: str | None, year: int | None) -> Rows:
    """The batches that the caller may know of."""
    query = select(Batch).where(_visible(scope))
    if state is not None:
        query = query.where(Batch.state == state)
    return query if year is None else query.where(Batch.year == year)


def select_rows(batch: Batch, scope: Scope) -> Rows:
    """The lines that really stand in a batch, as far as they lie in scope: withdrawn nominations fall out."""
    query: Rows = select(BatchRow, Nomination).join(Nomination, Nomination.id == BatchRow.nomination_id)
    stands = Nomination.state == STANDS.get(batch.state, "")
    inside = and_(BatchRow.batch_id == batch.id, BatchRow.left_at.is_(None), stands)
    return query.where(inside, scope.regions(BatchRow.region_code))


def list_rows(session: Session, batch: Batch, scope: Scope) -> list[Row]:
    """All of them in the order of the print."""
    query = select_rows(batch, scope).order_by(BatchRow.region_code, Nomination.number)
    return [Row(*row) for row in session.execute(query.execution_options(populate_existing=True))]


def list_fallen_out(session: Session, batch: Batch) -> list[Row]:
    """Lines whose nomination was withdrawn after it came into the batch."""
    query = select(BatchRow, Nomination).join(Nomination, Nomination.id == BatchRow.nomination_id)
    gone = and_(BatchRow.batch_id == batch.id, BatchRow.left_at.is_(None), Nomination.state == "withdrawn")
    return [Row(*row) for row in session.execute(query.where(gone).order_by(Nomination.number))]


def row_counts(session: Session, batches: Sequence[Batch], scope: Scope) -> dict[UUID, int]:
    """How many lines each batch has in scope."""
    stands = or_(*(and_(Batch.state == own, Nomination.state == its) for own, its in STANDS.items()))
    query = (
        select(BatchRow.batch_id, func.count())
        .join(Batch, Batch.id == BatchRow.batch_id)
        .join(Nomination, Nomination.id == BatchRow.nomination_id)
        .where(BatchRow.batch_id.in_([batch.id for batch in batches]), BatchRow.left_at.is_(None), stands)
        .where(scope.regions(BatchRow.region_code))
        .group_by(BatchRow.batch_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def open_objections(session: Session, batch: Batch) -> set[UUID]:
    """The nominations of a batch against which an objection has not been decided."""
    query = select(Objection.nomination_id).where(Objection.batch_id == batch.id, Objection.decision.is_(None))
    return set(session.scalars(query))


def select_objections(scope: Scope, batch_id: UUID | None, region: str | None, *, undecided: bool | None) -> Rows:
    """Objections in scope, with the number of the nomination."""
    query: Rows = select(Objection, Nomination.number)
    query = query.join(Nomination, Nomination.id == Objection.nomination_id)
    query = query.where(scope.regions(Objection.region_code), scope.institutions(Nomination.institution_id))
    if batch_id is not None:
        query = query.where(Objection.batch_id == batch_id)
    if region is not None:
        query = query.where(in_region(Objection.region_code, region_prefix(region)))
    if undecided is not None:
        query = query.where(Objection.decision.is_(None) if undecided else Objection.decision.is_not(None))
    return query


def get_objection(session: Session, objection_id: UUID, scope: Scope, *, lock: bool = False) -> Objection:
    """One objection in scope. Raises ObjectionNotFound."""
    query = select(Objection).where(Objection.id == objection_id, scope.regions(Objection.region_code))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise ObjectionNotFound(f"没有编号为 {objection_id} 的异议")
    return found


def frozen_needs(session: Session, batch: Batch) -> dict[UUID, list[dict[str, Any]]]:
    """The facts of the needs at the admission of each nomination of a published batch, as JSON."""
    needs = EntrySnapshot.snapshot["needs"]
    query = select(WhitelistEntry.nomination_id, needs).join(EntrySnapshot, EntrySnapshot.entry_id == WhitelistEntry.id)
    found = session.execute(query.where(WhitelistEntry.batch_id == batch.id))
    return {nomination_id: [need["facts"] for need in given] for nomination_id, given in found}
