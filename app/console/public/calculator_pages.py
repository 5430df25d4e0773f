"""The interest subsidy of a loan, year by year. What is asked stands in the address, so that a result can be linked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from app.console.forms import Field, Form, FormError, Kind, Typed, number
from app.console.inside import Answer
from app.console.page import Opened, Page, PageRoute, Refused
from app.console.public.check_answers import yuan_of
from app.console.public.subsidy_figures import DEFAULT, figures
from app.subsidy.terms import RepaymentStyle, Reset

Json = Mapping[str, Any]

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PROGRAMME: Final = "kangyang-interest-subsidy"
_PATH: Final = "/calculator"
_ASKED_BY: Final = "principal_yuan"
_READING: Final = "reading"
_HUNDRED: Final = 100

LOAN: Final = Form(
    Field("principal_yuan", "贷款本金", Kind.DECIMAL, help="例如 800", unit="万元", is_required=True),
    Field("drawn_on", "第一次放款日", Kind.DATE, is_required=True),
    Field("due_on", "合同到期日", Kind.DATE, help="展期不延长贴息，填原来的到期日", is_required=True),
    Field(
        "contract_rate_percent",
        "合同年利率",
        Kind.DECIMAL,
        help="例如 4.35；浮动利率的留空，填下面一组",
        unit="%",
        is_required=True,
    ),
    Field(
        "repayment_style",
        "还款方式",
        Kind.CHOICE,
        choices=[(one.value, one.label) for one in RepaymentStyle],
        is_required=True,
    ),
)
FLOATING: Final = Form(
    Field(
        "contract_rate/lpr",
        "参照的 LPR",
        Kind.CHOICE,
        choices=(("1y", "一年期"), ("5y", "五年期以上"), ("", "不是浮动利率")),
    ),
    Field("contract_rate/basis_points", "加减基点", Kind.NUMBER, help="加 50 个基点填 50，减的填 -50", unit="基点"),
    Field("contract_rate/reset", "重定价", Kind.CHOICE, choices=[(one.value, one.label) for one in Reset]),
    Field("contract_rate/initial_rate_percent", "有 LPR 以前的年利率", Kind.DECIMAL, unit="%"),
)
MORE: Final = Form(
    Field("application_date", "申请贴息的日期", Kind.DATE, help="只有“申请日”的口径要用"),
    Field("project_first_drawn_on", "这个项目最早一笔贷款的放款日", Kind.DATE, help="前面已有贷款贴过息的填"),
    Field("project_share", "用于项目的比例", Kind.DECIMAL, help="全部用于项目的不填", unit="%"),
)
_FIELDS: Final = Form(*LOAN.fields, *FLOATING.fields, *MORE.fields)
# What to write, where the API says no more than that something cannot be read.
_WRITE: Final = {
    "principal_yuan": "贷款本金要填数字，单位是万元，例如 800",
    "drawn_on": "第一次放款日要填日期，例如 2024-07-01",
    "due_on": "合同到期日要填日期，例如 2028-07-01",
    "contract_rate_percent": "合同年利率要填 0 到 100 的数字，例如 4.35；浮动利率的请填“合同是浮动利率”一组",
    "repayment_style": "请选一种还款方式",
    "contract_rate/lpr": "请选参照哪一种 LPR",
    "contract_rate/basis_points": "加减基点要填整数，例如 50；不加不减填 0",
    "contract_rate/reset": "请选多久重定价一次",
    "contract_rate/initial_rate_percent": "有 LPR 以前的年利率要填数字，例如 4.9",
    "application_date": "申请贴息的日期要填日期，例如 2026-03-01",
    "project_first_drawn_on": "最早一笔贷款的放款日要填日期，例如 2023-05-01",
    "project_share": "用于项目的比例要填 0 到 100 的数字，例如 80",
}
_UNREADABLE: Final = frozenset({"missing", "value_error", "enum", "list_type", "int_type"})


@router.get("/calculator", operation_id="page_calculator")
async def calculator(page: Opened) -> Response:
    """The form at the left; at the right what comes of it, with every assumption."""
    programme = page.request.query_params.get("programme") or PROGRAMME
    about = await page.get(f"/programmes/{programme}")
    readings = (about["readings"] or {"readings": []})["readings"]
    typed = _typed(page)
    if not typed:
        return await _shown(page, about, readings, None)
    asked = replace(page, typed=typed)
    answer = await page.ask("POST", "/interest-subsidy-quotes", _body(typed, programme, readings))
    if not answer.is_refusal:
        return await _shown(asked, about, readings, answer.body)
    if not answer.body["errors"]:
        raise Refused(answer)
    return await _shown(_wrong(asked, answer), about, readings, None)


def _typed(page: Page) -> Typed:
    query = page.request.query_params
    names = {one.name for one in _FIELDS.fields} | {_READING}
    values = {name: query.getlist(name) for name in names if name in query}
    return Typed(values if any(any(one) for one in values.values()) or _ASKED_BY in values else {})


def _body(typed: Typed, programme: str, readings: Sequence[Json]) -> dict[str, Any]:
    """What the API is asked; shares become parts, 万元 become yuan, and of a fixed rate there is no floating one."""
    body = _FIELDS.read(typed) | {"programme": programme}
    if "principal_yuan" in body:
        body["principal_yuan"] = yuan_of(body["principal_yuan"])
    if "project_share" in body:
        body["project_share"] = _part(body["project_share"])
    if not body.get("contract_rate", {}).get("lpr"):
        body.pop("contract_rate", None)
    chosen = next((one for one in readings if one["slug"] == typed.one(_READING)), None)
    return body if chosen is None or chosen["slug"] == DEFAULT else body | {"reading": chosen["reading"]}


def _part(text: str) -> str:
    share = number(text)
    return text if share is None else f"{(share / _HUNDRED).normalize():f}"


def _wrong(page: Page, answer: Answer) -> Page:
    """The form again, with what to write in each field."""
    named: dict[str, FormError] = {}
    for one in answer.body["errors"]:
        name = _field_of(one["pointer"].removeprefix("/"))
        named.setdefault(name, FormError(name, _said(name, one)))
    return replace(page, errors=tuple(named.values()), problem=answer.body)


def _field_of(pointer: str) -> str:
    return {"": "contract_rate_percent", "contract_rate": "contract_rate/lpr"}.get(pointer, pointer)


def _said(name: str, error: Json) -> str:
    is_unreadable = error["code"] in _UNREADABLE or error["code"].startswith(("decimal_", "date_"))
    detail = str(error["detail"]).replace("initial_rate_percent", "“有 LPR 以前的年利率”")
    return _WRITE.get(name, detail) if is_unreadable else detail


async def _shown(page: Page, about: Json, readings: Sequence[Json], quote: Json | None) -> Response:
    typed, names = page.typed, {one["slug"]: one["name"] for one in readings}
    chosen = typed.one(_READING) if typed.one(_READING) in names else DEFAULT
    return await page.show(
        "calculator.html",
        about=about,
        readings=names,
        chosen=chosen,
        loan=LOAN,
        floating=FLOATING,
        further=MORE,
        has_further=any(typed.one(one.name) for one in MORE.fields),
        quote=quote,
        figures=None if quote is None else figures(quote, chosen, names),
        inputs=_inputs(typed),
        with_reading=lambda slug: f"{_PATH}?{urlencode([*_kept(page), (_READING, slug)])}",
    )


def _kept(page: Page) -> list[tuple[str, str]]:
    return [(name, value) for name, value in page.request.query_params.multi_items() if name != _READING and value]


def _inputs(typed: Typed) -> list[tuple[str, str]]:
    """What was typed, in words, for paper."""
    return [(one.label, _word(one, typed.one(one.name))) for one in _FIELDS.fields if typed.one(one.name)]


def _word(one: Field, value: str) -> str:
    label = dict(one.choices).get(value, value)
    return f"{label} {one.unit}".strip()
