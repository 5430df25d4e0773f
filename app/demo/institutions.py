"""What is true of a sample institution: figures that hang together."""

from datetime import date, timedelta
from typing import Final

from app.demo.bodies import Site
from app.demo.chance import Chance, Values, percent, rounded
from app.demo.models import Kind, Province
from app.demo.places import is_district
from app.rules.facts import Subject

REGION: Final = "institution.region_code"
FOR_PROFIT: Final = frozenset({"enterprise", "individual_business", "cooperative"})
_TRADING: Final = frozenset({"enterprise", "individual_business"})
# Rural shares are meant for the whole of a kind: fewer in districts, more elsewhere.
_IN_DISTRICT, _ELSEWHERE, _MOST_RURAL = 0.4, 1.3, 0.98
# From a month past its end to five years before it.
_VALID_DAYS: Final = (-30, 1_800)
_MEALS: Final = "institution.food_licensed"
_TECHNOLOGY: Final = ("institution.technology_sme", "institution.specialised_new")


def institution_facts(site: Site, province: Province, chance: Chance) -> Values:
    """All facts of an institution, before any of them is forgotten."""
    facts = {**_identity(site, chance), **_drawn(province, chance), **_filing(site, province, chance)}
    facts |= _care(site.body.kind, facts, province, chance)
    facts |= _people(site.body.kind, facts, chance)
    facts |= _money(site.body.kind, facts, chance)
    facts |= _trade(site, facts, province, chance)
    facts |= _papers(facts, province, chance)
    return facts


def _identity(site: Site, chance: Chance) -> Values:
    body, kind = site.body, site.body.kind
    rural = kind.rural * (_IN_DISTRICT if is_district(site.region_code) else _ELSEWHERE)
    return {
        REGION: site.region_code,
        "institution.urban_rural": "rural" if chance.happens(min(rural, _MOST_RURAL)) else "urban",
        "institution.legal_form": body.legal_form,
        "institution.ownership": body.ownership,
        "institution.for_profit": body.legal_form in FOR_PROFIT,
        "institution.kinds": frozenset(kind.kinds) | chance.some(kind.also),
        "institution.established_on": site.opened_on,
    }


def _drawn(province: Province, chance: Chance) -> Values:
    """What depends on nothing else."""
    prefix = f"{Subject.INSTITUTION}."
    return {key: chance.happens(share) for key, share in province.bools.items() if key.startswith(prefix)}


def _filing(site: Site, province: Province, chance: Chance) -> Values:
    """Whether it was filed, and then when: at the opening or in the years after."""
    if not chance.happens(site.body.kind.filed):
        return {"institution.filed": False}
    last = min(province.recorded_on - timedelta(days=1), site.opened_on + timedelta(days=1500))
    return {"institution.filed": True, "institution.filed_on": _soon(site.opened_on, last, chance)}


def _soon(first: date, last: date, chance: Chance) -> date:
    return first + timedelta(days=round((last - first).days * chance.part(0, 1) ** 2))


def _care(kind: Kind, facts: Values, province: Province, chance: Chance) -> Values:
    """Beds, how many are taken, who heals there, and the grade, where there are any."""
    homes = chance.whole(*kind.home_beds) if kind.home_beds else 0
    if kind.beds is None:
        return {"institution.beds_total": 0, "institution.home_beds": homes}
    total = chance.whole(*kind.beds)
    usual = 62 if facts["institution.inclusive"] else 48
    care: Values = {
        "institution.beds_total": total,
        "institution.beds_nursing": int(total * chance.part(*kind.nursing)),
        "institution.beds_dementia": int(total * chance.part(0, 0.2)) if chance.happens(0.5) else 0,
        "institution.home_beds": homes or (chance.whole(5, 80) if chance.happens(0.2) else 0),
        "institution.occupancy_percent": percent(chance.around(12, 99, usual)),
        "institution.medical_integration": chance.some(province.sets["institution.medical_integration"]),
    }
    if facts["institution.filed"] and chance.happens(0.75):
        care["institution.grade"] = int(chance.draw(province.grades))
    return care


def _people(kind: Kind, facts: Values, chance: Chance) -> Values:
    beds = facts["institution.beds_total"]
    staff = max(2, round(beds * chance.part(0.1, 0.4))) if kind.beds else chance.whole(*kind.staff)
    return {
        "institution.staff_total": staff,
        "institution.carers_certified": int(staff * chance.part(0, 0.65)),
        "institution.staff_trained_this_year": int(staff * chance.part(0, 0.9)),
    }


def _money(kind: Kind, facts: Values, chance: Chance) -> Values:
    """A year's accounts: what beds or trade bring in, what it takes to own them, and what is owed for that."""
    if kind.beds:
        taken = facts["institution.beds_total"] * float(facts["institution.occupancy_percent"]) / 100
        revenue = rounded(taken * chance.part(*kind.fee) * 12, 100)
    else:
        revenue = rounded(chance.whole(*kind.revenue), 100)
    assets = rounded(float(revenue) * chance.part(0.8, 6), 1000)
    owed = chance.around(0.02, 1.05, 0.45)
    return {
        "institution.annual_revenue_yuan": revenue,
        "institution.eldercare_revenue_percent": percent(chance.part(*kind.eldercare_percent)),
        "institution.total_assets_yuan": assets,
        "institution.total_liabilities_yuan": rounded(float(assets) * owed, 100),
        "institution.operating_cash_flow_yuan": rounded(float(revenue) * chance.part(0.01, 0.3), 100)
        * (1 if chance.happens(0.72) else -1),
        "institution.receivables_yuan": rounded(float(revenue) * chance.part(0.005, 0.3), 100),
    }


def _trade(site: Site, facts: Values, province: Province, chance: Chance) -> Values:
    """What only some have: the size and tax grade of traders, products of makers, trainees of schools."""
    kind, trade = site.body.kind, dict[str, object]()
    if site.body.legal_form in _TRADING:
        trade["institution.enterprise_size"] = _size(facts["institution.staff_total"], province)
        trade["institution.tax_credit_grade"] = chance.draw(province.enums["institution.tax_credit_grade"])
    trade["institution.in_product_directory"] = kind.maker and chance.happens(0.3)
    if kind.maker:
        trade |= {key: chance.happens(0.25) for key in _TECHNOLOGY}
    if kind.trains:
        trade["institution.trainees"] = chance.whole(30, 1500)
        trade["institution.training_modes"] = chance.some(province.sets["institution.training_modes"])
        trade["institution.trains_for_care_institutions"] = chance.happens(0.8)
    return trade


def _papers(facts: Values, province: Province, chance: Chance) -> Values:
    """The days on which certificates end; some have ended, and some end soon."""
    papers = ["institution.registration_until", "institution.fire_safety_until"]
    if facts[_MEALS]:
        papers.append("institution.food_licence_until")
    if "institution.grade" in facts:
        papers.append("institution.grade_until")
    return {paper: province.recorded_on + timedelta(days=chance.whole(*_VALID_DAYS)) for paper in papers}


def _size(staff: int, province: Province) -> str:
    return next((size for size, most in province.sizes.items() if staff < most), "large")
