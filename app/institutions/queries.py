"""Reading institutions within a scope: one, a filtered list, and those that may be the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from app.access.scope import Scope, in_region
from app.institutions.history import INSTITUTION, Recorded, find
from app.institutions.refusals import InstitutionNotFound, refuse_one
from app.regions import regions
from app.rules.bind import region_prefix
from app.store.pages import Key
from app.store.search import MIN_QUERY, found_by, near_names, plain, words_of
from app.store.tables import Institution, institution_version
from app.store.types import overlaps

LIST_ORDER: Final = (Key(Institution.region_code), Key(Institution.id))
_FACTS: Final = institution_version.c
_GENERIC: Final = frozenset("省市县区")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of institutions is narrowed by; None leaves a dimension alone. Unknown facts fit no bound."""

    q: str | None = None
    region: str | None = None
    kinds: tuple[str, ...] = ()
    ownership: tuple[str, ...] = ()
    grade: tuple[int, ...] = ()
    beds_min: int | None = None
    beds_max: int | None = None
    list_status: Literal["none", "listed", "suspended", "removed", "expired"] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """SQL, one condition for each dimension that is narrowed. Raises RegistryRefused for a query too short."""
        found: list[ColumnElement[bool]] = []
        if self.q is not None:
            found.append(_found_by(self.q))
        if self.region is not None:
            found.append(in_region(Institution.region_code, region_prefix(self.region)))
        if self.kinds:
            found.append(overlaps(_FACTS.kinds, self.kinds))
        if self.ownership:
            found.append(_FACTS.ownership.in_(self.ownership))
        if self.grade:
            found.append(_FACTS.grade.in_(self.grade))
        if self.beds_min is not None:
            found.append(_FACTS.beds_total >= self.beds_min)
        if self.beds_max is not None:
            found.append(_FACTS.beds_total <= self.beds_max)
        if self.list_status is not None:
            found.append(Institution.list_status == self.list_status)
        return found


def _found_by(query: str) -> ColumnElement[bool]:
    if sum(len(word) for word in words_of(query)) < MIN_QUERY:
        refuse_one("/query/q", "query_too_short", "至少写两个字、两个字母或信用代码的前两位")
    return found_by(query)


def list_institutions(filters: Filters, scope: Scope) -> Select[Any]:
    """The rows of a list, unordered."""
    header = Institution.__table__.c
    shown = (*(header[name] for name in _HEADER), _FACTS.kinds, _FACTS.ownership, _FACTS.grade, _FACTS.beds_total)
    is_open = _FACTS.recorded_to.is_(None)
    joined = select(*shown).join(institution_version, (_FACTS.institution_id == Institution.id) & is_open)
    return joined.where(*_in_scope(scope), *filters.conditions())


_HEADER: Final = (
    "id",
    "name",
    "uscc",
    "provisional_number",
    "site_number",
    "region_code",
    "list_status",
    "version",
)


def _in_scope(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return scope.regions(Institution.region_code), scope.institutions(Institution.id)


def get_institution(session: Session, institution_id: UUID, scope: Scope, known_at: datetime | None = None) -> Recorded:
    """An institution in scope, now or as it was on record. Raises InstitutionNotFound."""
    where = _in_scope(scope)
    found = find(session, INSTITUTION, (Institution.id == institution_id) & where[0] & where[1], known_at)
    if found is None:
        when = "" if known_at is None else "，或当时还没有登记"
        raise InstitutionNotFound(f"没有编号为 {institution_id} 的机构{when}")
    return found


def lock_institution(session: Session, institution_id: UUID, scope: Scope) -> None:
    """Hold an institution in scope until the unit of work ends, so that what hangs on it is written one by one."""
    query = select(Institution.id).where(Institution.id == institution_id, *_in_scope(scope)).with_for_update()
    if session.scalar(query) is None:
        raise InstitutionNotFound(f"没有编号为 {institution_id} 的机构")


def sites_of(session: Session, uscc: str) -> list[Mapping[str, Any]]:
    """All registered sites of a legal person, in whatever region."""
    header = Institution.__table__.c
    query = select(header.id, header.name, header.region_code, header.site_number).where(header.uscc == uscc)
    return [dict(row) for row in session.execute(query.order_by(header.site_number)).mappings()]


def near_duplicates(
    session: Session, name: str, region_code: str, scope: Scope, *, but: UUID | None, uscc: str | None
) -> list[dict[str, Any]]:
    """Institutions of the county with nearly the same name, less other known sites of the same legal person."""
    header = Institution.__table__.c
    in_county = (header.region_code == region_code, on_record(), *_in_scope(scope))
    query = select(header.id, header.name, header.uscc).where(*in_county)
    rows = [row for row in session.execute(query) if row.id != but and (uscc is None or row.uscc != uscc)]
    near = near_names(name, {row: row.name for row in rows}, place_names(region_code))
    return [{"id": row.id, "name": row.name, "uscc": row.uscc, "likeness": score} for row, score in near]


def on_record() -> ColumnElement[bool]:
    """SQL over Institution: a version of it is open. Whatever was withdrawn is on record for the past alone."""
    return exists().where(_FACTS.institution_id == Institution.id, _FACTS.recorded_to.is_(None))


def place_names(region_code: str) -> tuple[str, ...]:
    """The names of a region and of those above it, the long forms first: 山西省, 太原市, 小店区, 山西, 太原, 小店."""
    names: list[str] = []
    code: str | None = region_code
    while code is not None and code in regions():
        names.append(plain(regions()[code].name))
        code = regions()[code].parent
    short = [name[:-1] for name in names if name[-1] in _GENERIC and len(name) > len("小店")]
    return (*names, *short)
