"""Which offices of a bank get a message: those whose region holds what it is about."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.offices import OfficeKind
from app.inbox.messages import Recipient
from app.rules.bind import region_prefix
from app.store.tables import Organisation


@dataclass(frozen=True, slots=True)
class BankOffice:
    """An open office of a bank: its prefix says what lies in its region."""

    id: UUID
    prefix: str
    recipient: Recipient

    def covers(self, region_code: str) -> bool:
        """Whether a region is the office's, or lies in it."""
        return region_code.startswith(self.prefix)


def offices_of(session: Session, bank_ids: Collection[UUID]) -> dict[UUID, list[BankOffice]]:
    """The open offices of each of some banks, headquarters and branches alike."""
    query = select(Organisation).where(
        Organisation.kind == OfficeKind.BANK.value,
        Organisation.bank_id.in_(bank_ids),
        Organisation.closed_at.is_(None),
    )
    found: defaultdict[UUID, list[BankOffice]] = defaultdict(list)
    for one in session.scalars(query.order_by(Organisation.id)):
        if one.bank_id is not None:
            office = BankOffice(one.id, region_prefix(one.region_code), Recipient.office(one))
            found[one.bank_id].append(office)
    return found


MOST_NAMED: Final = 3


def named(names: Collection[str]) -> str:
    """A few names and how many there are: 甲、乙、丙等 12 家."""
    some = "、".join(list(names)[:MOST_NAMED])
    return some if len(names) <= MOST_NAMED else f"{some}等 {len(names)} 条"
