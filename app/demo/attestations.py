"""What offices attest of sample institutions and projects."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.demo.bodies import FICTIONAL
from app.demo.chance import Chance
from app.demo.models import Province
from app.demo.places import short_name
from app.rules.facts import Subject

Row = dict[str, Any]
_YEAR: Final = timedelta(days=365)
# Some were given so long ago that they have run out.
_LONG_AGO: Final = 600


def attestation_rows(
    subject: Subject,
    owner: UUID,
    project: UUID | None,
    region_code: str,
    province: Province,
    chance: Chance,
) -> Iterator[Row]:
    """Rows without keys: general ones, and with a chance of three in ten the one of a programme."""
    shares: Mapping[str, float] = getattr(province.attestations, subject)
    for fact in sorted(chance.some(shares)):
        yield _row(fact, "", owner, project, region_code, province, chance)
    if chance.happens(0.3):
        slug = province.attestations.detailed_rules[subject]
        yield _row(f"{subject}.meets_detailed_rules", slug, owner, project, region_code, province, chance)


def _row(
    fact: str, programme: str, owner: UUID, project: UUID | None, region: str, province: Province, chance: Chance
) -> Row:
    day = province.recorded_on - timedelta(days=chance.whole(5, _LONG_AGO))
    recorded_from: datetime = province.recorded_at
    return {
        "institution_id": owner,
        "project_id": project,
        "subject_id": project or owner,
        "fact": fact,
        "programme": programme,
        "granted": chance.happens(province.attestations.granted),
        "office": f"{FICTIONAL}{short_name(region)}民政局",
        "person": f"{FICTIONAL}{chance.pick(province.names.surnames)}科员",
        "attested_on": day,
        "valid_until": day + _YEAR if chance.happens(0.7) else None,
        "evidence": f"{FICTIONAL}核查记录和近三年财务报表",
        "recorded_from": recorded_from,
        "recorded_to": None,
    }
