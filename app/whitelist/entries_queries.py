"""Reading the list within a scope: as it stood on a day, as was known at an instant, one entry, and what changed.

Every entry has stood on a list that was published, so offices and banks read all of their region; an institution reads
its own. The facts behind an entry are seen as those of its institution are (see entries_answers).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, select, true
from sqlalchemy.orm import Session

from app.access.scope import Scope, in_region
from app.rules.bind import region_prefix
from app.store.pages import Key
from app.store.search import words_of
from app.store.tables import Batch, EntrySnapshot, Institution, WhitelistEntry, WhitelistEvent
from app.store.types import overlaps
from app.whitelist.entry_states import LIVE, EntryState
from app.whitelist.refusals import EntryNotFound

Rows: TypeAlias = Select[*tuple[Any, ...]]
LIST_ORDER: Final = (Key(WhitelistEntry.region_code), Key(WhitelistEntry.id))
CHANGES_ORDER: Final = (Key(WhitelistEvent.sequence),)
_LIVE: Final = tuple(state.value for state in LIVE)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None leaves a dimension alone."""

    region: str | None = None
    subject: str | None = None
    kinds: tuple[str, ...] = ()
    q: str | None = None
    batch: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """SQL, one condition for each dimension that is narrowed."""
        entry, found = WhitelistEntry, list[ColumnElement[bool]]()
        if self.region is not None:
            found.append(in_region(entry.region_code, region_prefix(self.region)))
        if self.subject is not None:
            found.append(entry.subject_kind == self.subject)
        if self.kinds:
            found.append(overlaps(entry.kinds, self.kinds))
        if self.q is not None:
            found += [entry.search_key.contains(word, autoescape=True) for word in words_of(self.q)]
        if self.batch is not None:
            found.append(Batch.number == self.batch)
        return found


def visible(scope: Scope) -> ColumnElement[bool]:
    """SQL: the entry lies in scope; an institution reads its own."""
    own = true() if scope.institution_id is None else WhitelistEntry.institution_id == scope.institution_id
    return and_(scope.regions(WhitelistEntry.region_code), own)


def get_entry(session: Session, entry_id: UUID, scope: Scope, *, lock: bool = False) -> WhitelistEntry:
    """One entry in scope; with `lock` nobody else acts on it meanwhile. Raises EntryNotFound."""
    query = select(WhitelistEntry).where(WhitelistEntry.id == entry_id, visible(scope))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise EntryNotFound(f"没有编号为 {entry_id} 的名单条目")
    return found


def select_entries(
    scope: Scope, as_of: date, known_at: datetime | None, states: tuple[str, ...], filters: Filters
) -> Rows:
    """Entries with what they were on a day: the last event that had taken effect and, at `known_at`, was recorded.

    The columns after the entry are its batch's number, its state on the day, and until when it was then valid.
    """
    event = WhitelistEvent.__table__.alias("then")
    taken = WhitelistEvent.__table__.alias("taken")
    known = true() if known_at is None else taken.c.at <= known_at
    last = (
        select(func.max(taken.c.number))
        .where(taken.c.entry_id == WhitelistEntry.id, taken.c.effective_on <= as_of, known)
        .correlate(WhitelistEntry)
        .scalar_subquery()
    )
    # What has ended has ended, whether or not it had been marked so.
    ended = and_(event.c.to_state.in_(_LIVE), event.c.valid_to <= as_of)
    state = case((ended, EntryState.EXPIRED.value), else_=event.c.to_state)
    query: Rows = select(
        WhitelistEntry, Batch.number, state.label("state_then"), event.c.valid_to.label("valid_to_then")
    )
    query = query.join(Batch, Batch.id == WhitelistEntry.batch_id)
    query = query.join(event, and_(event.c.entry_id == WhitelistEntry.id, event.c.number == last))
    return query.where(visible(scope), state.in_(states) if states else true(), *filters.conditions())


def select_public(today: date, filters: Filters) -> Rows:
    """What stands on the list today, for anybody."""
    query: Rows = select(WhitelistEntry, Batch.number).join(Batch, Batch.id == WhitelistEntry.batch_id)
    return query.where(_stands(today), *filters.conditions())


def list_public_batches(session: Session, today: date) -> list[tuple[str, date]]:
    """Number and day of publication of the batches of which something stands on the list today, newest first."""
    query = select(Batch.number, Batch.published_on).join(WhitelistEntry, WhitelistEntry.batch_id == Batch.id)
    newest = query.where(_stands(today)).distinct().order_by(Batch.published_on.desc(), Batch.number.desc())
    return [(number, on) for number, on in session.execute(newest) if number is not None and on is not None]


def _stands(today: date) -> ColumnElement[bool]:
    return and_(WhitelistEntry.state == EntryState.LISTED.value, WhitelistEntry.valid_to > today)


def list_events(session: Session, entry: WhitelistEntry) -> list[WhitelistEvent]:
    """All that became of an entry, oldest first."""
    query = select(WhitelistEvent).where(WhitelistEvent.entry_id == entry.id)
    return list(session.scalars(query.order_by(WhitelistEvent.number)))


def find_snapshot(session: Session, entry: WhitelistEntry, scope: Scope) -> dict[str, Any] | None:
    """The facts at admission; None for a bank that does not reach the institution now."""
    reached = scope.institutions(Institution.id) if not scope.sees_nothing else false()
    query = (
        select(EntrySnapshot.snapshot)
        .join(Institution, Institution.id == EntrySnapshot.institution_id)
        .where(EntrySnapshot.entry_id == entry.id, reached)
    )
    return session.scalar(query)


def batch_number(session: Session, entry: WhitelistEntry) -> str:
    """The number of the batch that listed it."""
    return session.scalar(select(Batch.number).where(Batch.id == entry.batch_id)) or ""


def select_changes(scope: Scope) -> Rows:
    """Every event in scope with its entry; their order is that of the commits."""
    query: Rows = select(WhitelistEvent, WhitelistEntry)
    return query.join(WhitelistEntry, WhitelistEntry.id == WhitelistEvent.entry_id).where(visible(scope))
