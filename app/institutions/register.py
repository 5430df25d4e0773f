"""Registering institutions and recording what changes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.errors import FieldError
from app.http.clock import CHINA
from app.institutions.checks import institution_errors, with_debt_ratio, without_derived_ratio
from app.institutions.facts import (
    Statement,
    differs,
    fact_pointer,
    fact_row,
    merged,
    read_changes,
    recorded_facts,
    values_of,
)
from app.institutions.history import INSTITUTION, UNLISTED, Recorded, begin, change
from app.institutions.numbers import POINTER as USCC_POINTER
from app.institutions.numbers import legal_form_error, provisional_numbers, read_uscc
from app.institutions.own_words import identity_errors, own_words_errors
from app.institutions.places import is_zone, place_errors
from app.institutions.queries import sites_of
from app.institutions.refusals import AlreadyRegistered, refuse
from app.institutions.schemas import InstitutionIn, InstitutionPatch
from app.rules.facts import Subject
from app.store.search import replace_grams, search_key
from app.store.tables import Consent, Loan, Need

REGION: Final = "institution.region_code"
LEGAL_FORM: Final = "institution.legal_form"
CONTACT: Final = ("address", "legal_representative", "contact_person", "telephone")


@dataclass(frozen=True, slots=True)
class NewInstitution:
    """An institution as it is to be recorded: facts by key, `uscc` None for a provisional number, contact by name.

    `key` may be given where a generator must repeat itself; it is else made as the row is written.
    """

    name: str
    facts: Mapping[str, Statement]
    uscc: str | None = None
    site_number: int = 1
    contact: Mapping[str, str | None] | None = None
    key: UUID | None = None

    @property
    def region_code(self) -> str:
        return str(self.facts[REGION].value)

    def version_row(self) -> dict[str, Any]:
        """The version without its interval."""
        return {**self.own_row(), **fact_row(Subject.INSTITUTION, self.facts)}

    def own_row(self) -> dict[str, Any]:
        """What the version says beside the facts."""
        contact = self.contact or {}
        return {"name": self.name, **{name: contact.get(name) for name in CONTACT}}

    def header_row(self, provisional_number: str | None) -> dict[str, Any]:
        """What the header repeats for scope and search."""
        return {
            "name": self.name,
            "search_key": search_key(self.name),
            "region_code": self.region_code,
            "uscc": self.uscc,
            "provisional_number": provisional_number,
            "site_number": self.site_number,
        }


def errors_of(new: NewInstitution, zone: bool | None, today: date) -> list[FieldError]:
    """Everything that an institution may not be, for registration and for import. Pure."""
    values = values_of(new.facts)
    form = legal_form_error(new.uscc, values.get(LEGAL_FORM))
    return [
        *place_errors(values.get(REGION), zone, fact_pointer(REGION)),
        *([] if form is None else [form]),
        *institution_errors(values, today),
    ]


def day_of(now: datetime) -> date:
    """The day in China."""
    return now.astimezone(CHINA).date()


def register(session: Session, body: InstitutionIn, scope: Scope, now: datetime) -> UUID:
    """Write a new institution. Raises RegistryRefused or AlreadyRegistered."""
    uscc = None if body.uscc is None else read_uscc(body.uscc)
    facts = merged({}, read_changes(Subject.INSTITUTION, body.facts, day_of(now)))
    new = NewInstitution(trimmed(body.name), facts, uscc, body.site_number, _contact(body))
    refuse([*errors_of(new, body.zone, day_of(now)), *beyond(REGION, facts, scope)])
    new = NewInstitution(new.name, with_debt_ratio(facts), uscc, body.site_number, new.contact)
    if uscc is not None:
        _check_number(session, uscc, body.site_number, scope, None)
    number = None if uscc else provisional_numbers(session, new.region_code, day_of(now).year)[0]
    try:
        key = begin(session, INSTITUTION, {**new.header_row(number), **UNLISTED}, new.version_row(), now)
    except IntegrityError:
        # The only constraint that a checked row can break: somebody registered the number a moment ago.
        raise _already(body.site_number, None) from None
    replace_grams(session, key, new.name)
    return key


def trimmed(text: str) -> str:
    """Without blanks at the ends, and single ones within."""
    return " ".join(text.split())


def _contact(body: InstitutionIn) -> dict[str, str | None]:
    return {name: getattr(body, name) for name in CONTACT}


def beyond(key: str, facts: Mapping[str, Statement], scope: Scope) -> list[FieldError]:
    """A caller registers within the own region only; `key` is the fact that says where."""
    region = facts.get(key)
    if region is None or scope.covers(str(region.value)):
        return []
    return [FieldError(fact_pointer(key), "beyond_scope", "该县（市、区）不在您的管辖范围内")]


def _check_number(session: Session, uscc: str, site_number: int, scope: Scope, own: UUID | None) -> None:
    """Raise AlreadyRegistered where another site has the number; name it only to those who may see it."""
    sites = [site for site in sites_of(session, uscc) if site["id"] != own]
    taken = next((site for site in sites if site["site_number"] == site_number), None)
    if taken is not None:
        seen = scope.covers(str(taken["region_code"])) and scope.institution_id is None
        free = max(site["site_number"] for site in sites) + 1
        raise _already(site_number, str(taken["name"]) if seen else None, free)


def _already(site_number: int, name: str | None, free: int | None = None) -> AlreadyRegistered:
    whose = f"，为“{name}”" if name else ""
    else_write = f"；如是同一法人的另一处院点，请填 site_number: {free}" if free else ""
    detail = f"该统一社会信用代码的第 {site_number} 处院点已经登记{whose}{else_write}"
    return AlreadyRegistered(detail, errors=(FieldError(USCC_POINTER, AlreadyRegistered.code, detail),))


def amend(session: Session, seen: Recorded, body: InstitutionPatch, scope: Scope, now: datetime) -> None:
    """Record what changes; nothing is written where nothing does. Raises as `register`, and VersionStale."""
    after = _amended(seen, body, day_of(now), scope)
    same_number = (after.uscc, after.site_number) == (seen.header["uscc"], seen.header["site_number"])
    row = after.version_row()
    if same_number and not differs(seen.facts, row):
        return
    if after.uscc is not None and not same_number:
        _check_number(session, after.uscc, after.site_number, scope, seen.id)
    number = None if after.uscc else seen.header["provisional_number"]
    try:
        change(session, INSTITUTION, seen, after.header_row(number), row, now)
    except IntegrityError:
        raise _already(after.site_number, None) from None
    if after.name != seen.header["name"]:
        replace_grams(session, seen.id, after.name)
    if after.region_code != seen.header["region_code"]:
        move_parts(session, seen.id, after.region_code)


def _amended(seen: Recorded, body: InstitutionPatch, today: date, scope: Scope) -> NewInstitution:
    """The institution after the change. Raises RegistryRefused for what it may not be."""
    changes = read_changes(Subject.INSTITUTION, body.facts, today)
    before = recorded_facts(Subject.INSTITUTION, seen.facts)
    free = without_derived_ratio(before)
    facts = merged(free, changes)
    after = NewInstitution(
        trimmed(body.name) if body.name is not None else seen.facts["name"],
        facts,
        read_uscc(body.uscc) if body.uscc is not None else seen.header["uscc"],
        body.site_number or seen.header["site_number"],
        {name: getattr(body, name) if name in body.model_fields_set else seen.facts[name] for name in CONTACT},
    )
    moved = REGION in changes or body.zone is not None
    zone = body.zone if moved else is_zone(seen.header["region_code"])
    limits = [*own_words_errors(free, facts, scope), *identity_errors(seen.header, after.header_row(None), scope)]
    refuse([*errors_of(after, zone, today), *beyond(REGION, facts, scope), *limits])
    return NewInstitution(after.name, with_debt_ratio(facts), after.uscc, after.site_number, after.contact)


def move_parts(session: Session, institution_id: UUID, region_code: str) -> None:
    """Needs, loans and consents lie where their institution does; a project stays where it is built."""
    for table in (Need.__table__, Loan.__table__, Consent.__table__):
        moved = update(table).where(table.c.institution_id == institution_id)  # type: ignore[arg-type]
        session.execute(moved.values(region_code=region_code))
