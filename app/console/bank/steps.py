"""The steps of follow-up as forms, and what the grave ones lead to, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.console.checking import Check, in_words
from app.console.forms import Field, Form, Kind, Typed
from app.console.page import Page
from app.referrals.reasons import REASON_LABELS
from app.subsidy import RepaymentStyle, Reset

TITLES: Final[Mapping[str, str]] = {
    "contact": "登记已联系",
    "investigate": "登记开始尽职调查",
    "grant": "登记授信",
    "disburse": "登记放款",
    "decline": "登记不予办理",
    "assign": "指定客户经理",
}
# Days on which something happened are today's unless another one is typed.
ADDED: Final = ("ed_on", "began_on")
_NOTE: Final = Field("note", "内部备注", Kind.LINES, help="只有本行看得到")
_LPR: Final = (("1y", "一年期 LPR"), ("5y", "五年期以上 LPR"))


def _happened(name: str, label: str) -> Field:
    return Field(name, label, Kind.DATE, is_required=True)


FORMS: Final[Mapping[str, Form]] = {
    "contact": Form(_happened("contacted_on", "联系的日期"), _NOTE),
    "investigate": Form(_happened("began_on", "开始的日期"), _NOTE),
    "grant": Form(
        Field("amount_yuan", "授信金额", Kind.MONEY, help="以元计，例如 5000000", is_required=True),
        _happened("granted_on", "授信的日期"),
        _NOTE,
    ),
    "disburse": Form(
        Field("amount_yuan", "放款金额", Kind.MONEY, help="以元计，不超过授信金额", is_required=True),
        _happened("disbursed_on", "放款的日期"),
        Field("due_on", "合同到期日", Kind.DATE, is_required=True),
        Field("rate_percent", "放款日的年利率", Kind.DECIMAL, help="例如 3.45", unit="%", is_required=True),
        Field("repayment_style", "还本方式", Kind.CHOICE, choices=[(one.value, one.label) for one in RepaymentStyle]),
        Field("floating/lpr", "浮动利率：参照", Kind.CHOICE, help="固定利率的，这三项都不填", choices=_LPR),
        Field("floating/basis_points", "浮动利率：加减点", Kind.NUMBER, help="例如 45；减点写 -20", unit="基点"),
        Field("floating/reset", "浮动利率：重定价", Kind.CHOICE, choices=[(one.value, one.label) for one in Reset]),
        Field("contract_number", "合同编号"),
        _NOTE,
    ),
    "decline": Form(
        Field(
            "reason_code",
            "理由",
            Kind.CHOICE,
            help="机构会看到这一条理由",
            choices=list(REASON_LABELS.items()),
            is_required=True,
        ),
        _happened("declined_on", "决定的日期"),
        Field("note", "内部备注", Kind.LINES, help="只有本行看得到；理由选“其他”时要写明"),
    ),
    "assign": Form(Field("manager_id", "客户经理", Kind.CHOICE, is_required=True), _NOTE),
}


@dataclass(frozen=True, slots=True)
class Weight:
    """What a grave step is called, leads to, and is said to have been."""

    not_yet: str
    effects: tuple[str, ...]
    done: str
    is_grave: bool = False


GRAVE: Final[Mapping[str, Weight]] = {
    "grant": Weight(
        "登记授信",
        (
            "机构会收到消息，看到授信金额和日期。",
            "答复的期限到此停止计算。",
            "登记后不能改回，只能接着登记放款或不予办理。",
        ),
        "grant_noted",
    ),
    "disburse": Weight(
        "登记放款",
        (
            "这笔贷款会记进机构的贷款，并按已登记的条件测算贴息；测算不等于批准，以主管部门的决定为准。",
            "机构会收到消息，看到金额、日期和利率。",
            "登记后不能改回。",
        ),
        "disbursement_noted",
    ),
    "decline": Weight(
        "登记不予办理",
        ("机构会收到消息，看到理由；内部备注不会给机构。", "这一条的办理到此结束，登记后不能改回。"),
        "decline_noted",
        is_grave=True,
    ),
}


async def assignees(page: Page) -> Sequence[tuple[str, str]]:
    """Colleagues who may look after follow-up, by the names that one knows."""
    found = await page.get("/users", role="bank", page_size=200)
    return [(one["id"], one["name"]) for one in found["items"] if one["closed_at"] is None]


def form_of(step: str, people: Sequence[tuple[str, str]]) -> Form:
    """The form of a step; of an assignment, with those whom one may choose."""
    if step != "assign":
        return FORMS[step]
    return Form(Field("manager_id", "客户经理", Kind.CHOICE, choices=people, is_required=True), _NOTE)


def said(form: Form, typed: Typed) -> list[tuple[str, str]]:
    """What was typed, as one reads it; what was left empty is left out."""
    filled = [(one, typed.one(one.name).strip()) for one in form.fields]
    return [(one.label, in_words(one, text)) for one, text in filled if text]


def weight_of(step: str, name: str, answers: Sequence[tuple[str, str]], place: str) -> Check:
    """The check page of a grave step."""
    weight = GRAVE[step]
    return Check(
        title=f"核对：{TITLES[step]}",
        address=f"{place}/{step}",
        button=f"确认{TITLES[step]}",
        not_yet=weight.not_yet,
        answers=[("机构", name), *answers],
        effects=weight.effects,
        back=place,
        is_grave=weight.is_grave,
    )
