"""What the register says of an institution, in the parts in which a clerk looks for it, with whoever vouches for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.console.fact_forms import in_words
from app.console.page import Page

Json = Mapping[str, Any]
Choices = tuple[tuple[str, str], ...]

REGION: Final = "institution.region_code"
_ZONE: Final = "（开发区等，没有县级代码）"
# By the name that stands in addresses. What is named in none stands in the last.
_PARTS: Final = (
    (
        *("identity", "基本情况"),
        "region_code legal_form ownership for_profit kinds urban_rural established_on filed filed_on",
    ),
    (
        *("service", "床位和服务"),
        "beds_total beds_nursing beds_dementia home_beds occupancy_percent medical_integration inclusive "
        "grade grade_until",
    ),
    (
        *("safety", "安全和证照"),
        "fire_safety_passed fire_safety_until food_licensed food_licence_until registration_until "
        "liability_insured prepaid_fee_compliant",
    ),
    (
        *("credit", "信用"),
        "dishonest_debtor abnormal_operation serious_violation illegal_fundraising loan_overdue tax_credit_grade",
    ),
    (
        *("money", "经营和财务"),
        "enterprise_size annual_revenue_yuan eldercare_revenue_percent total_assets_yuan total_liabilities_yuan "
        "debt_ratio_percent operating_cash_flow_yuan receivables_yuan",
    ),
    (
        *("staff", "人员和培训"),
        "staff_total carers_certified staff_trained_this_year trainees training_modes trains_for_care_institutions",
    ),
)
_REST: Final = ("more", "荣誉和其他")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the facts, by the name that stands in addresses, with the catalogue's entries."""

    slug: str
    title: str
    facts: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact in words; `text` is None for what is not known. `source` says who vouches for it, `on` since which day."""

    label: str
    text: str | None
    provenance: str | None = None
    source: str = ""
    on: str | None = None


def parts(facts: Mapping[str, Json]) -> list[Part]:
    """The facts of an institution in the parts in which people look for them."""
    left, found = dict(facts), []
    for slug, title, names in _PARTS:
        keys = [f"institution.{name}" for name in names.split()]
        found.append(Part(slug, title, tuple(left.pop(key) for key in keys if key in left)))
    return [*found, Part(*_REST, tuple(left.values()))]


def shown(facts: Iterable[Json], recorded: Mapping[str, Json], place: str = "") -> list[Shown]:
    """Facts in words, in their order. `place` is the name of the region that one of them holds."""
    return [_shown(fact, recorded.get(fact["key"]), place) for fact in facts]


def _shown(fact: Json, one: Json | None, place: str) -> Shown:
    if one is None:
        return Shown(fact["label"], None)
    text = place if fact["type"] == "region" and place else in_words(fact, one["value"])
    return Shown(fact["label"], text, one["provenance"], _source(one), one["on"])


def _source(one: Json) -> str:
    """Who says so. What an office has checked it stands behind; what a registry holds nobody types."""
    match one["provenance"]:
        case "registry":
            return "登记信息"
        case "checked":
            return f"{one['by'] or '主管部门'}核实"
        case _:
            return f"{one['by'] or '机构'}填报"


async def places(page: Page) -> Choices:
    """Where the reader may register: counties, and the cities' own codes for what lies in none."""
    return tuple(
        (code, name + (_ZONE if level == "city" else ""))
        for code, name, level in await _regions(page)
        if level != "province"
    )


async def regions(page: Page) -> Choices:
    """What a list may be narrowed to: the cities and counties within the reader's region, itself left out."""
    own = page.caller.region_code
    return tuple((code, name) for code, name, level in await _regions(page) if code != own and level != "province")


async def _regions(page: Page) -> list[tuple[str, str, str]]:
    found = (await page.get("/regions"))["items"]
    names = {one["code"]: one["name"] for one in found}
    own = page.caller.region_code
    inside = own[:2] if own.endswith("0000") else own[:4] if own.endswith("00") else own
    return [
        (one["code"], (names[one["parent"]] if one["level"] == "county" else "") + one["name"], one["level"])
        for one in found
        if one["code"].startswith(inside)
    ]
