"""Projects of sample institutions: places for healthy living that are planned, built or run."""

from datetime import timedelta
from typing import Final

from app.demo.bodies import FICTIONAL, Site
from app.demo.chance import Chance, Values, percent, rounded
from app.demo.models import Province
from app.demo.places import short_name
from app.rules.facts import Subject

REGION: Final = "project.region_code"
_WITHOUT_BUILDING: Final = frozenset({"preparation", "construction"})
# Yuan for a bed in a new building, and for a whole town or park.
_FOR_A_BED: Final = (120_000, 320_000)
_OLDEST: Final = timedelta(days=6 * 365)


def project_name(site: Site, province: Province, chance: Chance) -> str:
    """What it is called after: the place, and nobody's land."""
    brand = chance.pick(province.names.first) + chance.pick(province.names.second)
    return f"{FICTIONAL}·{short_name(site.region_code)}{brand}{chance.pick(province.names.projects)}"


def project_facts(site: Site, province: Province, chance: Chance) -> Values:
    """All facts of a project, before any of them is forgotten."""
    facts: Values = {REGION: site.region_code, **_drawn(province, chance)}
    facts |= _approval(facts, province, chance)
    return facts | _size(facts, chance)


def _drawn(province: Province, chance: Chance) -> Values:
    prefix = f"{Subject.PROJECT}."
    bools = {key: chance.happens(share) for key, share in province.bools.items() if key.startswith(prefix)}
    enums = {key: chance.draw(shares) for key, shares in province.enums.items() if key.startswith(prefix)}
    return {**bools, **enums, "project.formats": chance.some(province.sets["project.formats"])}


def _approval(facts: Values, province: Province, chance: Chance) -> Values:
    """The day of approval, the share of private capital that the kind of investor implies, and permits in order."""
    investor = facts["project.investor"]
    social = {"social": 100.0, "government": 0.0}.get(investor, chance.part(20, 90))
    more: Values = {"project.social_capital_percent": percent(social)}
    if facts["project.approval_filed"]:
        last = province.recorded_on - timedelta(days=20)
        more["project.approved_on"] = chance.day(last - _OLDEST, last)
    if facts["project.stage"] in _WITHOUT_BUILDING or not facts["project.approval_filed"]:
        more["project.permits_complete"] = facts["project.permits_complete"] and chance.happens(0.4)
    return more


def _size(facts: Values, chance: Chance) -> Values:
    """Beds decide what is built, and what is built decides the money; towns and parks hold much else."""
    beds = chance.whole(40, 900)
    larger = {"town": chance.part(2, 8), "park": chance.part(1.5, 5), "community": chance.part(1, 3)}
    area = round(beds * chance.part(35, 70))
    return {
        "project.beds": beds,
        "project.investment_yuan": rounded(
            beds * chance.part(*_FOR_A_BED) * larger.get(facts["project.carrier"], 1), 10_000
        ),
        "project.self_held_area_m2": area,
        "project.saleable_area_m2": round(area * chance.part(0, 0.8)) if chance.happens(0.3) else 0,
    }
