"""What an institution can apply for, one item of it, and what banks have made of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.mine.own import CaseChoice, Parts, address_of_fact, amiss, choices_of, own, parts_of
from app.console.page import Opened, Page, PageRoute
from app.console.public.subsidy_figures import DEFAULT, figures
from app.errors import NotFound
from app.matching.quote_schemas import DEFAULT_PROGRAMME

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]
Kind = Literal["programme", "product"]

# Mark, title, and what is said of the group.
GROUPS: Final = {
    "now": ("ok", "现在可以申请", "公布的条件都满足，批不批由主管部门和银行定"),
    "nearly": ("warn", "还差一步", "补一项信息，或等一个认定"),
    "not_now": ("bad", "目前不符合", "写明了差在哪里"),
    "reference": ("mute", "供参考", "来自报道或转载，没有找到原文"),
}
_GRANTED: Final = frozenset({"eligible", "in_scope"})
_OVER: Final = frozenset({"closed", "upcoming"})
# What may be had now is shown whole. Of the rest the card says what is wanting, and the conditions open on a press.
_OPEN_GROUPS: Final = frozenset({"now"})
# What is out of reach is told in a line or two; its own page has all of it.
_BRIEF_GROUPS: Final = frozenset({"not_now", "reference"})
_MOST_SAID: Final = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What the conditions were held against: label and value of what is known, labels of what is not."""

    known: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@router.get("/mine", operation_id="page_mine")
@permits(Permission.READ_MATCHES)
async def mine(page: Opened) -> Response:
    """Everything that the institution, or one of its needs, projects or loans, may or may not have, in three groups."""
    parts = await parts_of(page)
    cases = choices_of(page, parts)
    case = _chosen(cases)
    found = await page.get(f"{own(page)}/matches", expand="conditions", **case.asked)
    offers = [*found["programmes"], *found["products"]]
    groups = {name: [one for one in offers if _group(one) == name] for name in GROUPS}
    return await page.show(
        "institution/mine.html",
        found=found,
        cases=cases,
        case=case,
        groups=groups,
        titles=GROUPS,
        open_groups=_OPEN_GROUPS,
        brief_groups=_BRIEF_GROUPS,
        amiss={one["slug"]: _said(one) for one in offers},
        address_of=lambda one: _address(one, case),
        facts=facts_used(offers),
        others=await _others(page, offers, found),
        loans=parts.loans,
        subsidy=DEFAULT_PROGRAMME,
        mend={one["slug"]: mending(one, case) for one in offers},
    )


@router.get("/mine/offers/{kind}/{slug}", operation_id="page_mine_offer")
@permits(Permission.READ_MATCHES)
async def offer(page: Opened, kind: Kind, slug: str) -> Response:
    """One programme or product: why or why not, what would help, and the subsidy of each year where a loan is given."""
    parts = await parts_of(page)
    cases = choices_of(page, parts)
    case = _chosen(cases)
    found = await page.get(f"{own(page)}/matches", expand="conditions", offer=slug, **case.asked)
    one = next((one for one in found[f"{kind}s"] if one["slug"] == slug), None)
    if one is None:
        raise NotFound("没有这项政策或产品，可能已经停办。请从“能申请什么”进入")
    return await page.show(
        "institution/offer.html",
        kind=kind,
        found=found,
        one=one,
        group=_group(one),
        titles=GROUPS,
        cases=cases,
        case=case,
        amiss=amiss(one["conditions"]),
        mend=mending(one, case),
        others=_with_subsidy(one, case, parts),
        need=_need_of(case, parts),
        drawn=figures(one["quote"], DEFAULT, {}) if one.get("quote") else None,
        calculated=_calculated(one, found),
        product=await page.get(f"/products/{one['product_id']}") if kind == "product" else None,
    )


def facts_used(offers: Iterable[Json]) -> Facts:
    """Every fact that a condition asked for, once, in the order in which they were asked."""
    known: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for condition in _conditions(offers):
        if condition["own"] is not None:
            known[condition["label"]] = condition["own"]
        elif _is_of_the_form(condition):
            unknown[condition["label"]] = None
    return Facts(known, tuple(unknown))


def mending(offer: Json, case: CaseChoice) -> str:
    """The page on which what is missing may be filled in; empty where only an office can help."""
    for one in _conditions((offer,)):
        if one["truth"] == "unknown" and _is_of_the_form(one):
            return address_of_fact(one["fact"], case)
    return ""


def _chosen(cases: Sequence[CaseChoice]) -> CaseChoice:
    return next(one for one in cases if one.is_chosen)


def _group(offer: Json) -> str:
    if offer.get("confidence") == "secondary" or offer["outcome"] in {"informative", "not_applicable"}:
        return "reference"
    if offer["window"] in _OVER:
        return "not_now"
    if offer["outcome"] in _GRANTED:
        return "now"
    return "nearly" if offer["outcome"] == "needs_info" or offer["near_miss"] else "not_now"


def _conditions(offers: Iterable[Json]) -> Iterator[Json]:
    return (condition for one in offers for condition in one["conditions"])


def _is_of_the_form(condition: Json) -> bool:
    """Whether somebody at the institution could fill it in: no attestation, and nothing that the bank keeps."""
    return condition["own"] is None and "." in condition["fact"] and "尚未填写" in condition["sentence"]


def _said(offer: Json) -> list[str]:
    """The first of the conditions that are not met; what is merely unknown comes after."""
    found = sorted(amiss(offer["conditions"]), key=lambda one: one["truth"] != "false")
    return [one["sentence"] for one in found[:_MOST_SAID]]


def _address(offer: Json, case: CaseChoice) -> str:
    kind = "product" if "bank_name" in offer else "programme"
    return f"/mine/offers/{kind}/{offer['slug']}?{case.query}"


async def _others(page: Page, offers: Sequence[Json], found: Json) -> list[Json]:
    """Programmes that are not for this case, or only tell something: by name, so that one may ask why not."""
    shown = {one["slug"] for one in offers}
    every = (await page.get("/programmes", as_of=found["as_of"]))["items"]
    return [one for one in every if one["slug"] not in shown]


def _with_subsidy(offer: Json, case: CaseChoice, parts: Parts) -> tuple[Json, ...]:
    """Loans whose subsidy may be looked at, where the offer is one and the case is none of them."""
    is_subsidy = "benefit" in offer and offer["benefit"]["kind"] == "interest_subsidy"
    return parts.loans if is_subsidy and case.kind != "loan" else ()


def _calculated(offer: Json, found: Json) -> str:
    """The calculator filled in with the loan for which a product's rate after subsidy was worked out."""
    net = offer.get("net_rate")
    if not net:
        return ""
    loan = {
        "principal_yuan": str(Decimal(net["principal_yuan"]) / _WAN),
        "drawn_on": found["as_of"],
        "due_on": net["due_on"],
        "contract_rate_percent": offer["rate"]["low_percent"],
        "repayment_style": net["repayment_style"],
    }
    return f"/calculator?{urlencode(loan)}"


# The calculator asks for the principal in 万元.
_WAN: Final = 10_000


def _need_of(case: CaseChoice, parts: Parts) -> Json | None:
    return next((one for one in parts.needs if case.kind == "need" and one["id"] == case.key), None)
