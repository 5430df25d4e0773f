"""The part of the registry that a caller may touch. Every query takes one; it is applied in SQL, never afterwards."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Forbidden
from app.rules.bind import region_prefix
from app.store.tables import Consent, ConsentField, Referral, WhitelistEntry

LISTED: Final = "listed"
# A bank that has granted credit goes on seeing its customer, whatever becomes of the entry.
LENDING: Final = ("granted", "disbursed")
PROVINCE: Final = "14"
# Counts below this are not exact for a bank: a handful, counted under one condition after another, names its members.
FEW: Final = 10
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows at or below a region, of one institution where the caller speaks for one, or within reach of one bank.

    `region_prefix` is the significant part of a GB/T 2260 code: 14 the province, 1403 a city, 140302 a county; empty
    for everything. A bank reaches an institution that was delivered to it, itself or with a project, and still stands
    on the white list; one to which it lends; and one that consented to it. Of facts that need consent it sees those
    that were consented to.
    """

    region_prefix: str
    institution_id: UUID | None = None
    bank_id: UUID | None = None
    # The day on which a bank's consents are looked at: today, whatever day the question is about.
    on: date | None = None
    sees_nothing: bool = False
    # The whole service, as its own command line sees it: drafts and internal conditions of every bank, too.
    is_whole: bool = False

    @classmethod
    def of_region(cls, code: str) -> Self:
        """Everything at or below a region."""
        return cls(region_prefix(code))

    def regions(self, column: Column) -> ColumnElement[bool]:
        """SQL: the region lies in scope. A range, so that an index on the column serves."""
        if self.sees_nothing:
            return false()
        return in_region(column, self.region_prefix) if self.region_prefix else true()

    def institutions(self, column: Column) -> ColumnElement[bool]:
        """SQL: the institution is the caller's own, or within the bank's reach, where the caller is either."""
        own = true() if self.institution_id is None else column == self.institution_id
        return own if self.bank_id is None else and_(own, self._reached(column))

    def banks(self, column: Column) -> ColumnElement[bool]:
        """SQL: what belongs to a bank (a draft, a consent) is the caller's own, where the caller is a bank."""
        return true() if self.bank_id is None else column == self.bank_id

    def is_bank(self, bank_id: UUID) -> bool:
        """Whether the caller is this bank, or one of its branches."""
        return self.bank_id == bank_id

    def sees_drafts_of(self, bank_id: UUID) -> bool:
        """Whether a bank's drafts and internal conditions are open to the caller."""
        return self.is_whole or self.is_bank(bank_id)

    @property
    def exact_from(self) -> int | None:
        """The smallest count that a bank reads exactly; None where every count is exact."""
        return None if self.bank_id is None else FEW

    @property
    def is_province(self) -> bool:
        """Whether the caller acts for the province itself, whose rules hold everywhere below."""
        return self.is_whole or (self.region_prefix == PROVINCE and self.institution_id is None)

    def covers(self, region_code: str) -> bool:
        """Whether a region lies in scope."""
        return not self.sees_nothing and region_code.startswith(self.region_prefix)

    def consents(self) -> ColumnElement[bool]:
        """SQL over Consent: it is for this bank, has begun, has not ended and has not been withdrawn."""
        lives = and_(Consent.valid_from <= self.on, Consent.valid_to > self.on, Consent.withdrawn_at.is_(None))
        return and_(Consent.bank_id == self.bank_id, lives)

    def consented(self, institution_id: Column, field: str) -> ColumnElement[bool]:
        """SQL: the institution lets the caller, a bank, see this field.

        The inner query knows nothing of the outer row, so that the database runs it once and not once for each row.
        """
        opened = select(Consent.institution_id).join(ConsentField, ConsentField.consent_id == Consent.id)
        return institution_id.in_(opened.where(self.consents(), ConsentField.fact == field))

    def _reached(self, institution_id: Column) -> ColumnElement[bool]:
        """The institution was delivered to the bank and stands on the list, or owes it money, or lets it see something.

        The one place that says so in Python; the function `yinqiao_reached` says the same in PostgreSQL.
        """
        stands = and_(WhitelistEntry.state == LISTED, WhitelistEntry.valid_to > self.on)
        delivered = select(Referral.institution_id).join(WhitelistEntry, WhitelistEntry.id == Referral.entry_id)
        delivered = delivered.where(Referral.bank_id == self.bank_id, or_(stands, Referral.state.in_(LENDING)))
        consented = select(Consent.institution_id).where(self.consents())
        return or_(institution_id.in_(delivered), institution_id.in_(consented))


def at_least(few: int | None, count: int) -> int | None:
    """The count, or None where it is too small to be exact."""
    return count if few is None or count >= few else None


def in_region(column: Column, prefix: str) -> ColumnElement[bool]:
    """SQL: the region code begins with `prefix`; NULL where the region is unknown."""
    return column.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))


def require_province(scope: Scope, detail: str) -> None:
    """Raise Forbidden, with what to do instead, unless the caller acts for the province itself."""
    if not scope.is_province:
        raise Forbidden(detail)


# The whole registry: for the command line, and for tests of what lies below access.
FULL: Final = Scope("", is_whole=True)
# Nobody's: whoever has not signed in touches nothing of the registry.
NOTHING: Final = Scope("", sees_nothing=True)


async def caller_scope(request: Request) -> Scope:
    """The scope of whoever calls. The one place that routes ask; async, so that it costs no thread hop."""
    scope: Scope = request.state.caller.scope
    return scope


InScope = Annotated[Scope, Depends(caller_scope)]
