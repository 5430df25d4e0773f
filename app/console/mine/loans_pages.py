"""Loans of an institution: what their contracts say. A loan that a bank has paid out by this service is the bank's."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.fact_forms import Line, catalogue_of, fact_field, is_locked, present, read_facts, read_new, split
from app.console.forms import Field, Form, Kind, Typed
from app.console.mine.own import own
from app.console.mine.parts_pages import for_project
from app.console.page import Opened, Page, PageRoute, shown_by
from app.subsidy import RepaymentStyle, Reset

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

RATE_KIND: Final = "rate_kind"
_FLOATING: Final = "floating"
_RATE: Final = "利率"
_REST: Final = "其他"
_CONTRACT: Final = (
    Field("lender", "贷款银行", help="写全称，例如：虚构晋原农商银行", is_required=True),
    Field("contract_number", "合同编号"),
)
_TERMS: Final = (
    Field("terms/principal_yuan", "贷款本金", Kind.MONEY, help="以元计，例如 20000000", is_required=True),
    Field("terms/drawn_on", "首次放款日", Kind.DATE, is_required=True),
    Field("terms/due_on", "合同到期日", Kind.DATE, is_required=True),
    Field(
        "terms/repayment_style",
        "还款方式",
        Kind.CHOICE,
        help="不选按到期还本",
        choices=tuple((one.value, one.label) for one in RepaymentStyle),
    ),
    Field(
        RATE_KIND,
        "利率怎样约定",
        Kind.CHOICE,
        choices=(("fixed", "固定利率"), (_FLOATING, "LPR 加减点（浮动）")),
        is_required=True,
        group=_RATE,
    ),
    Field(
        "terms/contract_rate_percent", "固定利率", Kind.DECIMAL, help="固定利率的填，例如 4.45", unit="%", group=_RATE
    ),
    Field(
        "terms/contract_rate/lpr",
        "参照的 LPR",
        Kind.CHOICE,
        help="浮动利率的选",
        choices=(("1y", "一年期"), ("5y", "五年期以上")),
        group=_RATE,
    ),
    Field(
        "terms/contract_rate/basis_points",
        "加减点",
        Kind.NUMBER,
        help="浮动利率的填；减点写负数，例如 -20",
        unit="基点",
        group=_RATE,
    ),
    Field(
        "terms/contract_rate/reset",
        "多久重定价",
        Kind.CHOICE,
        help="浮动利率的选",
        choices=tuple((one.value, one.label) for one in Reset),
        group=_RATE,
    ),
    Field("terms/extended_to", "展期到", Kind.DATE, help="没有展期的不填", group=_REST),
)
_SHARE: Final = Field(
    "terms/project_share",
    "用于该项目的份额",
    Kind.DECIMAL,
    help="全部写 1，一半写 0.5；不填按全部",
    unit="份",
    group=_REST,
)
# What the terms do not say.
_FACTS: Final = ("loan.contracted_on", "loan.overdue")
_PRINCIPAL: Final = "loan.principal_yuan"
# Written through the API alone, and kept as they are when the rest is changed here.
_MOVEMENTS: Final = ("drawdowns", "repayments", "interest_paid", "other_subsidies")


@router.get("/mine/facts/loans/new", operation_id="page_new_loan")
@permits(Permission.AMEND_REGISTRY)
async def new_loan(page: Opened) -> Response:
    """An empty form."""
    return await _loan_page(page, None, "")


@router.post("/mine/facts/loans/new", operation_id="page_add_loan")
@permits(Permission.AMEND_REGISTRY)
@shown_by(new_loan)
async def add_loan(page: Opened) -> Response:
    """One more loan; its subsidy is the next question."""
    form, _ = await _loan_form(page, None)
    body = _with_terms(read_new(form, page.typed), page.typed, None)
    answer = await page.send("POST", f"{own(page)}/loans", body)
    return page.go(f"/mine?loan={answer.body['id']}", done="loan_added")


@router.get("/mine/facts/loans/{loan_id:uuid}", operation_id="page_loan")
@permits(Permission.AMEND_REGISTRY)
async def loan(page: Opened, loan_id: UUID) -> Response:
    """A loan in a form."""
    answer = await page.read(f"{own(page)}/loans/{loan_id}")
    return await _loan_page(page, answer.body, answer.version)


@router.post("/mine/facts/loans/{loan_id:uuid}", operation_id="page_amend_loan")
@permits(Permission.AMEND_REGISTRY)
@shown_by(loan)
async def amend_loan(page: Opened, loan_id: UUID) -> Response:
    """A new version of it."""
    path = f"{own(page)}/loans/{loan_id}"
    one = await page.get(path)
    form, _ = await _loan_form(page, one)
    body = read_facts(form, page.typed)
    await page.send("PATCH", path, body if _is_held(one) else _with_terms(body, page.typed, one))
    return page.go(f"/mine?loan={loan_id}", done="loan_amended")


async def _loan_page(page: Page, one: Json | None, version: str) -> Response:
    form, held = await _loan_form(page, one)
    return await page.show(
        "institution/loan.html", one=one, form=form, held=held, present=_now(one), version=version, rate_kind=RATE_KIND
    )


async def _loan_form(page: Page, one: Json | None) -> tuple[Form, list[Line]]:
    catalogue = await catalogue_of(page, "loan")
    free, held = split(catalogue.values(), {} if one is None else one["facts"])
    facts = [fact_field(fact) for fact in free if fact["key"] in _FACTS]
    project = await for_project(page)
    terms = () if one is not None and _is_held(one) else (*_TERMS, *((_SHARE,) if project else ()))
    return Form(*_CONTRACT, *project, *terms, *facts), held


def _is_held(one: Json) -> bool:
    """Whether the bank vouches for the contract, so that the institution does not change it."""
    return is_locked(one["facts"].get(_PRINCIPAL))


def _with_terms(body: dict[str, Any], typed: Typed, one: Json | None) -> dict[str, Any]:
    """The terms as a whole: with one of the two rates, without what was left empty, and with what moved so far."""
    terms = {name: value for name, value in body.get("terms", {}).items() if value is not None}
    floating, fixed = terms.pop("contract_rate", None), terms.pop("contract_rate_percent", None)
    if typed.one(RATE_KIND) == _FLOATING:
        terms["contract_rate"] = {name: value for name, value in (floating or {}).items() if value is not None}
    else:
        terms["contract_rate_percent"] = fixed or ""
    recorded = (one or {}).get("terms") or {}
    moved = {name: recorded[name] for name in _MOVEMENTS if name in recorded}
    return {**{name: value for name, value in body.items() if name != RATE_KIND}, "terms": moved | terms}


def _now(one: Json | None) -> dict[str, Any]:
    """What stands in the form: the recorded terms, whose rate is one of two kinds."""
    if one is None:
        return {}
    recorded = one["terms"] or {}
    rate = recorded.get("contract_rate", {})
    plain = {name: value for name, value in recorded.items() if isinstance(value, str)}
    return {
        **{name: one[name] or "" for name in ("lender", "contract_number", "project_id")},
        **{f"terms/{name}": value for name, value in ({"repayment_style": _BULLET} | plain).items()},
        **{f"terms/contract_rate/{name}": value for name, value in rate.items()},
        "terms/contract_rate_percent": rate.get("percent", ""),
        RATE_KIND: _FLOATING if "lpr" in rate else "fixed",
        **present(one["facts"]),
    }


# What terms without a style mean.
_BULLET: Final = RepaymentStyle.BULLET.value
