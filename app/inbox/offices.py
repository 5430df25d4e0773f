"""Which offices a message about a region goes to."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.offices import OfficeKind
from app.access.permissions import Role
from app.inbox.messages import Recipient
from app.regions import regions
from app.store.tables import Account, Organisation
from app.store.types import overlaps

Offices: TypeAlias = dict[str, tuple[Recipient, ...]]
_Found: TypeAlias = Mapping[str, list[Recipient]]


def bureaux_of(session: Session, region_codes: Collection[str]) -> Offices:
    """The civil-affairs bureau in charge of each region: its own, or where nobody works there, the nearest above.

    A region may have several offices of that kind, all of which are told. Where nobody works up to the province, the
    nearest office gets it, for whoever will; where there is no office at all, there is nobody to tell.
    """
    chains = {code: tuple(_upwards(code)) for code in set(region_codes)}
    people = exists().where(
        Account.organisation_id == Organisation.id,
        Account.closed_at.is_(None),
        overlaps(Account.roles, (Role.CIVIL_AFFAIRS.value,)),
    )
    query = select(Organisation.region_code, Organisation.id, people.label("has_people")).where(
        Organisation.kind == OfficeKind.CIVIL_AFFAIRS,
        Organisation.closed_at.is_(None),
        Organisation.region_code.in_({code for chain in chains.values() for code in chain}),
    )
    offices: defaultdict[str, list[Recipient]] = defaultdict(list)
    with_people: defaultdict[str, list[Recipient]] = defaultdict(list)
    for row in session.execute(query.order_by(Organisation.id)):
        one = Recipient(row.region_code, organisation_id=row.id)
        offices[row.region_code].append(one)
        if row.has_people:
            with_people[row.region_code].append(one)
    return {code: _nearest(chain, with_people) or _nearest(chain, offices) for code, chain in chains.items()}


def _nearest(chain: tuple[str, ...], found: _Found) -> tuple[Recipient, ...]:
    return next((tuple(found[code]) for code in chain if code in found), ())


def _upwards(code: str) -> Iterator[str]:
    """A region and those above it, the province last."""
    above: str | None = code
    while above is not None:
        yield above
        region = regions().get(above)
        above = None if region is None else region.parent
