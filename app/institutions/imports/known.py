"""What the registry knows of the institutions that some rows of a sheet name; a few queries for many rows."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.row_security import bind
from app.access.scope import FULL, Scope
from app.institutions.facts import recorded_facts, values_of
from app.institutions.history import INSTITUTION, NEED, Recorded, recorded, with_version
from app.institutions.imports.given import Given, Key
from app.institutions.queries import on_record, place_names
from app.rules.facts import Subject
from app.rules.values import Value
from app.store.search import bare_name, nearest
from app.store.tables import ImportRow, Institution, Need


@dataclass(frozen=True, slots=True)
class Namesake:
    """A registered institution of the county with nearly the same name."""

    id: UUID
    name: str
    uscc: str | None
    provisional_number: str | None
    likeness: float


@dataclass(frozen=True, slots=True)
class _Named:
    id: UUID
    name: str
    uscc: str | None
    provisional_number: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """The registry beside some rows. `elsewhere` is what somebody else's region has; nothing more is said.

    `unnumbered` are the provisional numbers of the rows that nobody has within the caller's reach.
    """

    recorded: Mapping[Key, Recorded]
    elsewhere: frozenset[Key]
    unnumbered: frozenset[str]
    needs: Mapping[UUID, Sequence[Mapping[str, Value]]]
    counties: Mapping[str, Mapping[_Named, str]]

    def match(self, given: Given) -> Recorded | None:
        """The institution that a row means: by code and site or by its provisional number, never by its name."""
        return None if given.key is None else self.recorded.get(given.key)

    def is_elsewhere(self, given: Given) -> bool:
        """Whether the site is registered where the caller does not reach."""
        return given.key in self.elsewhere

    def namesakes(self, given: Given) -> list[Namesake]:
        """The nearest of its county; other sites of the same legal person are none."""
        others = self.counties.get(given.region, {})
        near = nearest(bare_name(given.name, place_names(given.region)), others) if others else []
        same = given.uscc
        return [
            Namesake(one.id, one.name, one.uscc, one.provisional_number, likeness)
            for one, likeness in near
            if not same or one.uscc != same
        ]


def known_of(session: Session, rows: Sequence[Given], scope: Scope, import_id: UUID, *, hold: bool = False) -> Known:
    """Look up what the rows name. With `hold` what is to be changed stays as it is until the transaction ends."""
    numbers = {row.provisional_number for row in rows if row.provisional_number is not None}
    found = _registered(session, {row.key for row in rows if row.key is not None}, numbers, scope)
    mine = {key: id for key, (id, region) in found.items() if scope.covers(region)}
    if hold and mine:
        # In the order of their keys, so that two imports never wait for each other.
        held = select(Institution.id).where(Institution.id.in_(mine.values())).order_by(Institution.id)
        session.execute(held.with_for_update())
    seen = _recorded(session, mine)
    fresh = {row.region for row in rows if row.key not in found and scope.covers(row.region)}
    wanted = [seen[row.key].id for row in rows if row.need and row.key in seen]
    return Known(
        seen,
        frozenset(found.keys() - mine.keys()),
        frozenset(numbers - mine.keys()),
        _needs(session, wanted),
        _names(session, fresh, import_id),
    )


@contextmanager
def looking_past(session: Session, scope: Scope) -> Iterator[None]:
    """Let the service itself look past its caller's reach, for what must be unique or unreferred to everywhere."""
    bind(session, FULL)
    try:
        yield
    finally:
        bind(session, scope)


def _registered(
    session: Session, keys: Collection[Key], numbers: Collection[str], scope: Scope
) -> dict[Key, tuple[UUID, str]]:
    """Identity and region of what anybody has registered under the keys, and under the provisional numbers."""
    header = Institution.__table__.c
    codes = {key[0] for key in keys if isinstance(key, tuple)}
    query = select(header.id, header.region_code, header.uscc, header.site_number, header.provisional_number)
    asked = [(column, some) for column, some in ((header.uscc, codes), (header.provisional_number, numbers)) if some]
    with looking_past(session, scope):
        rows = [row for column, some in asked for row in session.execute(query.where(column.in_(some)))]
    return {key: (row.id, row.region_code) for row in rows if (key := _key(row)) in keys or key in numbers}


def _key(header: Any) -> Key:
    return header.provisional_number if header.uscc is None else (header.uscc, header.site_number)


def _recorded(session: Session, mine: Mapping[Key, UUID]) -> dict[Key, Recorded]:
    if not mine:
        return {}
    keys = {id: key for key, id in mine.items()}
    rows = session.execute(with_version(INSTITUTION).where(Institution.id.in_(keys))).mappings()
    return {keys[one.id]: one for one in (recorded(INSTITUTION, row) for row in rows)}


def _needs(session: Session, institutions: Sequence[UUID]) -> dict[UUID, list[Mapping[str, Value]]]:
    """The open needs of institutions, by what they say."""
    found: defaultdict[UUID, list[Mapping[str, Value]]] = defaultdict(list)
    if institutions:
        is_open = (Need.institution_id.in_(institutions), Need.status == "open")
        for row in session.execute(with_version(NEED).where(*is_open)).mappings():
            one = recorded(NEED, row)
            found[one.header["institution_id"]].append(values_of(recorded_facts(Subject.NEED, one.facts)))
    return found


def _names(session: Session, regions: Collection[str], import_id: UUID) -> dict[str, dict[_Named, str]]:
    """Bare names by county. What this import itself has added is no duplicate of its other rows."""
    if not regions:
        return {}
    header = Institution.__table__.c
    by_us = exists().where(ImportRow.institution_id == Institution.id, ImportRow.import_id == import_id)
    named = select(header.id, header.name, header.uscc, header.provisional_number, header.region_code)
    query = named.where(header.region_code.in_(regions))
    found: defaultdict[str, dict[_Named, str]] = defaultdict(dict)
    places = {region: place_names(region) for region in regions}
    for row in session.execute(query.where(~by_us, on_record())):
        one = _Named(row.id, row.name, row.uscc, row.provisional_number)
        found[row.region_code][one] = bare_name(row.name, places[row.region_code])
    return found
