"""What hangs on an institution in the register: its projects, what it wants to borrow, and what it has borrowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.convertors import StringConvertor, register_url_convertor

from app.access.permissions import Permission, permits
from app.console.affairs.register_pages import ONE
from app.console.affairs.registry_facts import places
from app.console.checking import worded
from app.console.fact_forms import catalogue_of, fact_field, present, read_facts
from app.console.forms import Field, Form, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.subsidy import RepaymentStyle

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

LIST: Final = ONE + "/{noun:part_of_institution}"
_PAGE: Final = 200
_PLACE: Final = "project.region_code"
_ZONE_END: Final = "00"
# What the terms of a loan decide is not asked a second time beside them.
_BESIDE_TERMS: Final = ("loan.balance_yuan", "loan.overdue")
_STYLES: Final = tuple((one.value, one.label) for one in RepaymentStyle)
LENDER: Final = (
    Field("lender", "贷款银行", is_required=True),
    Field("contract_number", "合同编号"),
)
TERMS: Final = (
    Field("terms/principal_yuan", "贷款本金", Kind.MONEY, help="以元计，例如 3526800；不用写“万元”", is_required=True),
    Field("terms/drawn_on", "首次放款日", Kind.DATE, is_required=True),
    Field("terms/due_on", "到期日", Kind.DATE, is_required=True),
    Field(
        "terms/contract_rate_percent",
        "合同年利率",
        Kind.DECIMAL,
        unit="%",
        help="固定利率，例如 4.45",
        is_required=True,
    ),
    Field("terms/repayment_style", "还款方式", Kind.CHOICE, choices=_STYLES),
)


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of thing: what a page calls it, and what is asked of it."""

    path: str
    subject: str
    label: str
    hint: str


NOUNS: Final = {
    one.path: one
    for one in (
        Noun("projects", "project", "项目", "项目在哪里建，就由哪里的民政局推荐。"),
        Noun("needs", "need", "融资需求", "金额和用途写清楚，银行才好对接。"),
        Noun("loans", "loan", "贷款", "按合同填写，贴息测算按它计算。"),
    )
}


class _NounConvertor(StringConvertor):
    regex = "|".join(NOUNS)


# Addresses of other things that hang on an institution are not these.
register_url_convertor("part_of_institution", _NounConvertor())


async def _form(page: Page, noun: Noun, institution_id: UUID, terms: Json | None, *, is_new: bool) -> Form:
    """The fields of a noun. `terms` are those of a recorded loan."""
    catalogue = await catalogue_of(page, noun.subject)
    match noun.path:
        case "projects":
            counties = await places(page)
            facts = (fact_field(fact, counties, is_required=key == _PLACE) for key, fact in catalogue.items())
            return Form(Field("name", "项目名称", is_required=True), *facts)
        case "needs":
            whose = await _project_fields(page, institution_id)
            return Form(*whose, *(fact_field(one) for one in catalogue.values()))
        case _:
            facts = (fact_field(catalogue[key]) for key in _BESIDE_TERMS)
            asked = TERMS if is_new or _is_plain(terms) else ()
            return Form(*LENDER, *await _project_fields(page, institution_id), *asked, *facts)


def _is_plain(terms: Json | None) -> bool:
    """Whether the form can say all of the terms: a floating rate it cannot."""
    return terms is None or "percent" in terms["contract_rate"]


async def _project_fields(page: Page, institution_id: UUID) -> tuple[Field, ...]:
    """Which project it is for; nothing is asked where there is none."""
    found = (await page.get(f"/institutions/{institution_id}/projects", page_size=_PAGE))["items"]
    choices = (*((one["id"], one["name"]) for one in found), ("", "机构本身"))
    return (Field("project_id", "用于哪个项目", Kind.CHOICE, choices=choices),) if found else ()


@router.get(LIST + "/new", operation_id="page_new_part")
@permits(Permission.AMEND_REGISTRY)
async def new_part(page: Opened, institution_id: UUID, noun: str) -> Response:
    """An empty form."""
    named = NOUNS[noun]
    owner = await page.get(f"/institutions/{institution_id}")
    form = await _form(page, named, institution_id, None, is_new=True)
    return await worded(page, form).show(
        "affairs/part.html", owner=owner, noun=named, form=form, one=None, version="", present={}, floating=False
    )


@router.post(LIST + "/new", operation_id="page_add_part")
@permits(Permission.AMEND_REGISTRY)
@shown_by(new_part)
async def add_part(page: Opened, institution_id: UUID, noun: str) -> Response:
    """Record it."""
    named = NOUNS[noun]
    form = await _form(page, named, institution_id, None, is_new=True)
    body = _body(read_facts(form, page.typed))
    body = {name: value for name, value in body.items() if value is not None}
    body["facts"] = {key: value for key, value in body["facts"].items() if value is not None}
    await page.send("POST", f"/institutions/{institution_id}/{noun}", body)
    return page.go(f"/affairs/register/{institution_id}", done="part_recorded")


@router.get(LIST + "/{part_id:uuid}", operation_id="page_part")
@permits(Permission.AMEND_REGISTRY)
async def part(page: Opened, institution_id: UUID, noun: str, part_id: UUID) -> Response:
    """What is on record, to be changed."""
    named = NOUNS[noun]
    owner = await page.get(f"/institutions/{institution_id}")
    answer = await page.read(f"/institutions/{institution_id}/{noun}/{part_id}")
    one = answer.body
    form = await _form(page, named, institution_id, one.get("terms"), is_new=False)
    return await worded(page, form).show(
        "affairs/part.html",
        owner=owner,
        noun=named,
        form=form,
        one=one,
        version=answer.version,
        present=_now(one),
        floating=not _is_plain(one.get("terms")),
    )


def _now(one: Json) -> dict[str, Any]:
    own = {name: one.get(name) for name in ("name", "lender", "contract_number", "project_id")}
    terms = one.get("terms") or {}
    said = {f"terms/{name}": terms.get(name) for name in ("principal_yuan", "drawn_on", "due_on")}
    said["terms/repayment_style"] = terms.get("repayment_style", "bullet") if terms else None
    said["terms/contract_rate_percent"] = terms.get("contract_rate", {}).get("percent")
    return {**own, **said, **present(one["facts"])}


@router.post(LIST + "/{part_id:uuid}", operation_id="page_amend_part")
@permits(Permission.AMEND_REGISTRY)
@shown_by(part)
async def amend_part(page: Opened, institution_id: UUID, noun: str, part_id: UUID) -> Response:
    """What was emptied becomes unknown; movements of a loan that the form does not show stay."""
    named = NOUNS[noun]
    at = f"/institutions/{institution_id}/{noun}/{part_id}"
    one = await page.get(at)
    form = await _form(page, named, institution_id, one.get("terms"), is_new=False)
    body = _changed(_body(read_facts(form, page.typed)), one)
    body = {name: value for name, value in body.items() if value is not None or name not in {"name", "lender", "zone"}}
    await page.send("PATCH", at, body)
    return page.go(f"/affairs/register/{institution_id}", done="part_recorded")


def _changed(body: dict[str, Any], one: Json) -> dict[str, Any]:
    """What was really changed: a balance that follows from the terms is not stated, nor are terms that stay renewed."""
    recorded, before = one["facts"], _now(one)
    said = {key: value for key, value in body["facts"].items() if value != recorded.get(key, {}).get("value")}
    changed = {**body, "facts": said}
    terms = changed.pop("terms", None)
    if terms and any(value != before.get(f"terms/{name}") for name, value in terms.items()):
        changed["terms"] = _kept_terms(one) | terms
    return changed


def _body(body: dict[str, Any]) -> dict[str, Any]:
    """The form as the API takes it: terms that say nothing are none, and a city's own code is a zone."""
    if "terms" in body:
        said = {name: value for name, value in body["terms"].items() if value is not None}
        body["terms"] = said or None
    region = body.get("facts", {}).get(_PLACE)
    return body if region is None else {**body, "zone": str(region).endswith(_ZONE_END)}


def _kept_terms(one: Json) -> dict[str, Any]:
    """What the form does not show of recorded terms, as it was written."""
    return {name: value for name, value in (one["terms"] or {}).items() if name != "contract_rate"}


async def _need(page: Page, institution_id: UUID, part_id: UUID, action: str) -> Response:
    """The page on which each of the actions stands."""
    return await part(page, institution_id, "needs", part_id)


@router.post(ONE + "/needs/{part_id:uuid}/{action}", operation_id="page_act_on_need")
@permits(Permission.AMEND_REGISTRY)
@shown_by(_need)
async def act_on_need(page: Opened, institution_id: UUID, part_id: UUID, action: str) -> Response:
    """Met, withdrawn, or open again; each can be taken back by the other."""
    await page.send("POST", f"/institutions/{institution_id}/needs/{part_id}/actions/{action}")
    return page.go(f"/affairs/register/{institution_id}", done="need_changed")
