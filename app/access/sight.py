"""What a bank sees of one institution: all but what needs consent, and of that what was consented to.

`Scope` says the same in SQL for many institutions at once; this is for the answers about one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit.record import record
from app.access.consent_fields import FIELDS, fields_of
from app.access.scope import Scope
from app.rules.facts import Subject
from app.store.tables import Consent, ConsentField


@dataclass(frozen=True, slots=True)
class Sight:
    """`opened` maps a field to the consent that opens it; whoever is no bank has everything open without one."""

    limited: bool
    opened: Mapping[str, UUID]

    def hides(self, field: str) -> bool:
        """Whether the field is kept back."""
        return self.limited and field in FIELDS and field not in self.opened

    def masked(self, subject: Subject) -> list[str]:
        """What is kept back of a noun, known or not: that a figure is recorded is not said either."""
        return sorted(field for field in fields_of(subject) if self.hides(field))

    def note(self, session: Session, institution_id: UUID, shown: Iterable[str]) -> None:
        """Put on record that these fields were shown on the strength of consents; no others, and nothing if none."""
        fields: defaultdict[str, set[str]] = defaultdict(set)
        for field in shown:
            if field in self.opened:
                fields[str(self.opened[field])].add(field)
        for consent, names in sorted(fields.items()):
            detail = {"consent": consent, "fields": sorted(names)}
            record(session, action="unmask", object_type="institution", object_id=str(institution_id), detail=detail)


EVERYTHING: Final = Sight(limited=False, opened={})


def sight_of(session: Session, institution_id: UUID, scope: Scope) -> Sight:
    """What the caller sees of an institution."""
    return sights_of(session, [institution_id], scope)[institution_id]


def sights_of(session: Session, institution_ids: Collection[UUID], scope: Scope) -> dict[UUID, Sight]:
    """What the caller sees of each of some institutions; one query for a bank, none for others."""
    if scope.bank_id is None:
        return dict.fromkeys(institution_ids, EVERYTHING)
    query = select(Consent.institution_id, ConsentField.fact, Consent.id).join(
        ConsentField, ConsentField.consent_id == Consent.id
    )
    mine = query.where(scope.consents(), Consent.institution_id.in_(institution_ids))
    opened: defaultdict[UUID, dict[str, UUID]] = defaultdict(dict)
    # Of two consents that open the same field the older one is named.
    for institution_id, field, consent_id in session.execute(mine.order_by(Consent.id.desc())):
        opened[institution_id][field] = consent_id
    return {one: Sight(limited=True, opened=opened[one]) for one in institution_ids}
