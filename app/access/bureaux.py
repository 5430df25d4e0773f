"""The civil-affairs bureaux of all regions, made in one go: the province's, the cities', the counties'."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.offices import OfficeKind
from app.regions import Level, Region, region_names, regions
from app.store.tables import Organisation
from app.store.types import new_key

# Provincial departments are called 厅, those of cities and counties 局.
_TITLES: Final = {Level.PROVINCE: "民政厅", Level.CITY: "民政局", Level.COUNTY: "民政局"}


def add_bureaux(session: Session, at: datetime) -> tuple[int, int]:
    """Add the bureau of each region that has none; how many were added, and how many there are now."""
    query = select(Organisation.region_code, Organisation.id).where(
        Organisation.kind == OfficeKind.CIVIL_AFFAIRS, Organisation.closed_at.is_(None)
    )
    bureaux: dict[str, UUID] = {row.region_code: row.id for row in session.execute(query)}
    there = len(bureaux)
    # The province comes first and each city before its counties: rows of one table are written in the order in which
    # they are added, so a parent is there before its children.
    for region in sorted(regions().values(), key=lambda one: (list(Level).index(one.level), one.code)):
        if region.code not in bureaux:
            made = _bureau(region, bureaux, at)
            session.add(made)
            bureaux[region.code] = made.id
    return len(bureaux) - there, len(bureaux)


def _bureau(region: Region, bureaux: dict[str, UUID], at: datetime) -> Organisation:
    return Organisation(
        id=new_key(),
        code=f"civil-affairs-{region.code}",
        name=f"{region_names()[region.code]}{_TITLES[region.level]}",
        kind=OfficeKind.CIVIL_AFFAIRS.value,
        region_code=region.code,
        parent_id=None if region.parent is None else bureaux[region.parent],
        version=1,
        created_at=at,
    )
