"""What a bank does not know yet of a batch, or of the whole list: the lines that a push would deliver to it.

An entry goes to a bank when it stands on the list and the bank does not have it (`new`), and again whenever something
has become of it since. Entry by entry, so that a push of one batch never hides what has changed in another.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.store.pages import Key
from app.store.tables import Batch, Referral, WhitelistEntry

LINE_ORDER: Final = (Key(WhitelistEntry.region_code), Key(WhitelistEntry.id))
_LISTED: Final = "listed"
_EXPIRED: Final = "expired"


class ListChange(StrEnum):
    """What is new to the bank about an entry; the last three are the states that it has come to."""

    NEW = "new"
    CHANGED = "changed"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    EXPIRED = "expired"


CHANGE_LABELS: Final = {
    ListChange.NEW: "新增",
    ListChange.CHANGED: "变更（续期或恢复）",
    ListChange.SUSPENDED: "暂停",
    ListChange.REMOVED: "移出",
    ListChange.EXPIRED: "到期",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """A published batch, or everything that has changed (None), as it stands on a day."""

    batch_id: UUID | None
    today: date

    def lies_in(self) -> ColumnElement[bool]:
        """SQL over WhitelistEntry: the entry belongs to the batch, where one is meant."""
        return true() if self.batch_id is None else WhitelistEntry.batch_id == self.batch_id


def _state(today: date) -> ColumnElement[str]:
    """SQL: the state of an entry. What has ended has ended, whether or not it was marked so."""
    ended = and_(WhitelistEntry.state == _LISTED, WhitelistEntry.valid_to <= today)
    return case((ended, _EXPIRED), else_=WhitelistEntry.state)


def _known(bank_id: UUID) -> ColumnElement[bool]:
    return and_(Referral.entry_id == WhitelistEntry.id, Referral.bank_id == bank_id)


def select_lines(selection: Selection, bank_id: UUID, scope: Scope) -> Select[Any]:
    """Entry, `batch_number`, `state_told`, `change`, and the bank's `referral_id`, NULL where it is new to the bank."""
    state = _state(selection.today)
    change = case(
        (Referral.id.is_(None), ListChange.NEW.value), (state == _LISTED, ListChange.CHANGED.value), else_=state
    )
    query: Select[Any] = select(
        WhitelistEntry,
        Batch.number.label("batch_number"),
        state.label("state_told"),
        change.label("change"),
        Referral.id.label("referral_id"),
    )
    query = query.join(Batch, Batch.id == WhitelistEntry.batch_id).outerjoin(Referral, _known(bank_id))
    untold = or_(
        and_(Referral.id.is_(None), state == _LISTED),
        Referral.delivered_step < WhitelistEntry.step,
    )
    return query.where(selection.lies_in(), scope.regions(WhitelistEntry.region_code), untold)


def count_lines(session: Session, selection: Selection, bank_id: UUID, scope: Scope) -> dict[ListChange, int]:
    """How many lines of each kind a push would deliver."""
    lines = select_lines(selection, bank_id, scope).subquery()
    rows = session.execute(select(lines.c.change, func.count()).group_by(lines.c.change))
    found = {ListChange(row[0]): row[1] for row in rows}
    return {one: found.get(one, 0) for one in ListChange}


def count_known(session: Session, selection: Selection, bank_id: UUID, scope: Scope) -> int:
    """How many entries the bank has as they are."""
    query = select(func.count()).select_from(WhitelistEntry).join(Referral, _known(bank_id))
    same = Referral.delivered_step >= WhitelistEntry.step
    return session.scalar(query.where(selection.lies_in(), scope.regions(WhitelistEntry.region_code), same)) or 0
