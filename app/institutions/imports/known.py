"""What the registry knows of the institutions that some rows of a sheet name; a few queries for many rows."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.row_security import bind
from app.access.scope import FULL, Scope
from app.institutions.facts import recorded_facts, values_of
from app.institutions.history import INSTITUTION, NEED, Recorded, recorded, with_version
from app.institutions.imports.given import Given
from app.institutions.queries import on_record, place_names
from app.rules.facts import Subject
from app.rules.values import Value
from app.store.search import bare_name, nearest
from app.store.tables import ImportRow, Institution, Need

Site = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Namesake:
    """A registered institution of the county with nearly the same name."""

    id: UUID
    name: str
    uscc: str | None
    likeness: float


@dataclass(frozen=True, slots=True)
class _Named:
    id: UUID
    name: str
    uscc: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """The registry beside some rows. `elsewhere` are sites that somebody else's region has; nothing more is said."""

    recorded: Mapping[Site, Recorded]
    elsewhere: frozenset[Site]
    needs: Mapping[UUID, Sequence[Mapping[str, Value]]]
    counties: Mapping[str, Mapping[_Named, str]]

    def match(self, given: Given) -> Recorded | None:
        """The institution that a row means: by code and site, never by its name."""
        return None if given.uscc is None else self.recorded.get((given.uscc, given.site_number))

    def is_elsewhere(self, given: Given) -> bool:
        """Whether the site is registered where the caller does not reach."""
        return given.uscc is not None and (given.uscc, given.site_number) in self.elsewhere

    def namesakes(self, given: Given) -> list[Namesake]:
        """The nearest of its county; other sites of the same legal person are none."""
        others = self.counties.get(given.region, {})
        near = nearest(bare_name(given.name, place_names(given.region)), others) if others else []
        same = given.uscc
        return [
            Namesake(one.id, one.name, one.uscc, likeness) for one, likeness in near if not same or one.uscc != same
        ]


def known_of(session: Session, rows: Sequence[Given], scope: Scope, import_id: UUID, *, hold: bool = False) -> Known:
    """Look up what the rows name. With `hold` what is to be changed stays as it is until the transaction ends."""
    sites = {(row.uscc, row.site_number) for row in rows if row.uscc is not None}
    found = _sites(session, sites, scope)
    mine = {site: key for site, (key, region) in found.items() if scope.covers(region)}
    if hold and mine:
        # In the order of their keys, so that two imports never wait for each other.
        held = select(Institution.id).where(Institution.id.in_(mine.values())).order_by(Institution.id)
        session.execute(held.with_for_update())
    seen = _recorded(session, mine)
    fresh = {row.region for row in rows if (row.uscc, row.site_number) not in found and scope.covers(row.region)}
    wanted = [seen[site].id for row in rows if row.need and (site := (row.uscc or "", row.site_number)) in seen]
    return Known(
        seen, frozenset(found.keys() - mine.keys()), _needs(session, wanted), _names(session, fresh, import_id)
    )


@contextmanager
def looking_past(session: Session, scope: Scope) -> Iterator[None]:
    """Let the service itself look past its caller's reach, for what must be unique or unreferred to everywhere."""
    bind(session, FULL)
    try:
        yield
    finally:
        bind(session, scope)


def _sites(session: Session, sites: Collection[Site], scope: Scope) -> dict[Site, tuple[UUID, str]]:
    """Key and region of each site that anybody has registered."""
    if not sites:
        return {}
    header = Institution.__table__.c
    query = select(header.uscc, header.site_number, header.id, header.region_code)
    with looking_past(session, scope):
        rows = session.execute(query.where(header.uscc.in_({uscc for uscc, _ in sites}))).all()
    return {(row.uscc, row.site_number): (row.id, row.region_code) for row in rows if (row[0], row[1]) in sites}


def _recorded(session: Session, mine: Mapping[Site, UUID]) -> dict[Site, Recorded]:
    if not mine:
        return {}
    rows = session.execute(with_version(INSTITUTION).where(Institution.id.in_(mine.values()))).mappings()
    return {
        (one.header["uscc"], one.header["site_number"]): one for one in (recorded(INSTITUTION, row) for row in rows)
    }


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
    query = select(header.id, header.name, header.uscc, header.region_code).where(header.region_code.in_(regions))
    found: defaultdict[str, dict[_Named, str]] = defaultdict(dict)
    places = {region: place_names(region) for region in regions}
    for row in session.execute(query.where(on_record(), ~by_us)):
        found[row.region_code][_Named(row.id, row.name, row.uscc)] = bare_name(row.name, places[row.region_code])
    return found
