"""Reading follow-up within a scope: a bank its own, an office what lies in its region, an institution its own."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from app.access.scope import Scope, in_region
from app.referrals.refusals import ReferralNotFound
from app.referrals.states import UNDECIDED
from app.rules.bind import region_prefix
from app.store.pages import Key
from app.store.search import words_of
from app.store.tables import Account, Bank, Delivery, Referral, ReferralStep, WhitelistEntry

LIST_ORDER: Final = (Key(Referral.due_on), Key(Referral.id))
UNDECIDED_STATES: Final = tuple(state.value for state in UNDECIDED)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None leaves a dimension alone."""

    states: tuple[str, ...] = ()
    due_by: date | None = None
    overdue_on: date | None = None
    manager: UUID | None = None
    unassigned: bool = False
    region: str | None = None
    bank: str | None = None
    institutions: tuple[UUID, ...] = ()
    q: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """SQL, one condition for each dimension that is narrowed."""
        found = [*self._of_the_clock(), *self._of_whom()]
        if self.states:
            found.append(Referral.state.in_(self.states))
        if self.q is not None:
            found += [Referral.name.contains(word, autoescape=True) for word in words_of(self.q)]
        return found

    def _of_the_clock(self) -> list[ColumnElement[bool]]:
        undecided = Referral.state.in_(UNDECIDED_STATES)
        found: list[ColumnElement[bool]] = []
        if self.due_by is not None:
            found.append(and_(undecided, Referral.due_on <= self.due_by))
        if self.overdue_on is not None:
            found.append(and_(undecided, Referral.due_on < self.overdue_on))
        return found

    def _of_whom(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.manager is not None:
            found.append(Referral.manager_id == self.manager)
        if self.unassigned:
            found.append(Referral.manager_id.is_(None))
        if self.region is not None:
            found.append(in_region(Referral.region_code, region_prefix(self.region)))
        if self.bank is not None:
            found.append(Bank.code == self.bank)
        if self.institutions:
            found.append(Referral.institution_id.in_(self.institutions))
        return found


def visible(scope: Scope) -> ColumnElement[bool]:
    """SQL: the follow-up is the caller's bank's or institution's, or lies in the office's region."""
    seen = and_(scope.regions(Referral.region_code), scope.banks(Referral.bank_id))
    return seen if scope.institution_id is None else and_(seen, Referral.institution_id == scope.institution_id)


def select_referrals(scope: Scope, filters: Filters | None = None) -> Select[Any]:
    """Referrals with the bank's code and name, the entry's state and end, and the number of the first delivery."""
    columns: tuple[Any, ...] = (
        Referral,
        Bank.code.label("bank"),
        Bank.name.label("bank_name"),
        WhitelistEntry.state.label("entry_state"),
        WhitelistEntry.valid_to.label("entry_valid_to"),
        Delivery.number.label("delivery_number"),
        Account.name.label("manager_name"),
    )
    query: Select[Any] = select(*columns).join(Bank, Bank.id == Referral.bank_id)
    query = query.outerjoin(WhitelistEntry, WhitelistEntry.id == Referral.entry_id)
    # Deliveries are read by banks and the province; the others see the follow-up without its number.
    query = query.outerjoin(Delivery, Delivery.id == Referral.first_delivery_id)
    query = query.outerjoin(Account, Account.id == Referral.manager_id)
    return query.where(visible(scope), *(() if filters is None else filters.conditions()))


def get_referral(session: Session, referral_id: UUID, scope: Scope) -> Any:
    """One row of `select_referrals`. Raises ReferralNotFound."""
    row = session.execute(select_referrals(scope).where(Referral.id == referral_id)).one_or_none()
    if row is None:
        raise ReferralNotFound(f"没有编号为 {referral_id} 的对接")
    return row


def steps_of(session: Session, referral_ids: Collection[UUID]) -> dict[UUID, list[tuple[ReferralStep, str]]]:
    """The steps of each of some referrals with the name of who took them, the oldest first."""
    query = select(ReferralStep, Account.name).join(Account, Account.id == ReferralStep.account_id)
    query = query.where(ReferralStep.referral_id.in_(referral_ids))
    found: dict[UUID, list[tuple[ReferralStep, str]]] = {one: [] for one in referral_ids}
    for step, name in session.execute(query.order_by(ReferralStep.referral_id, ReferralStep.number)):
        found[step.referral_id].append((step, name))
    return found
