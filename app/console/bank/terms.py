"""The typed terms of a loan product as a form, and a version of the API's as what that form shows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.console.forms import Field, Form, Kind, Typed
from app.rules.codes import PURPOSE, SECURITIES
from app.subsidy import RepaymentStyle

Json = Mapping[str, Any]
Choices = Sequence[tuple[str, str]]

SUBJECTS: Final = {"institution": "机构", "project": "项目", "need": "资金需求"}
RATES: Final = {"fixed": "固定利率", "lpr": "LPR 加减点"}
TENORS: Final = {"1y": "一年期 LPR", "5y": "五年期以上 LPR"}
STYLES: Final = {one.value: one.label for one in RepaymentStyle}
# The fields of each kind of rate; those of the other kind are left out whatever stands in them.
_RATE_FIELDS: Final = {
    "fixed": ("kind", "low_percent", "high_percent"),
    "lpr": ("kind", "tenor", "low_basis_points", "high_basis_points"),
}
_LISTS: Final = ("subjects", "purposes", "repayment_styles", "securities", "regions")
# What a version says in one word each, and a change takes under the same names.
_SAME: Final = (
    "name",
    "summary",
    *_LISTS,
    "amount",
    "term",
    "valid_from",
    "valid_to",
    "applies",
    "requires",
    "internal",
)


def terms_form(places: Choices, *, is_new: bool) -> Form:
    """The terms; of a new product its code too, which never changes."""
    slug = Field("slug", "代码", help="小写字母、数字和连字符，以后不能改，例如 care-loan", is_required=True)
    return Form(
        *([slug] if is_new else []),
        Field("name", "名称", is_required=True),
        Field("summary", "一句话介绍", Kind.LINES, help="机构会看到", is_required=True),
        Field("subjects", "面向", Kind.MANY, choices=list(SUBJECTS.items()), is_required=True),
        Field("purposes", "贷款用途", Kind.MANY, help="都不选，就是不限", choices=list(PURPOSE.items())),
        Field("amount/low_yuan", "最低金额", Kind.MONEY, help="以元计，例如 500000", is_required=True),
        Field("amount/high_yuan", "最高金额", Kind.MONEY, help="例如 30000000", is_required=True),
        Field("term/low_months", "最短期限", Kind.NUMBER, help="例如 12", unit="个月", is_required=True),
        Field("term/high_months", "最长期限", Kind.NUMBER, help="例如 120", unit="个月", is_required=True),
        Field("rate/kind", "利率", Kind.CHOICE, choices=list(RATES.items()), is_required=True),
        Field("rate/low_percent", "固定利率：最低", Kind.DECIMAL, help="固定利率才填，例如 3.1", unit="%"),
        Field("rate/high_percent", "固定利率：最高", Kind.DECIMAL, help="例如 4.35", unit="%"),
        Field("rate/tenor", "LPR 加减点：参照", Kind.CHOICE, help="按 LPR 的才填", choices=list(TENORS.items())),
        Field("rate/low_basis_points", "LPR 加减点：最低", Kind.NUMBER, help="减点写负数，例如 -20", unit="基点"),
        Field("rate/high_basis_points", "LPR 加减点：最高", Kind.NUMBER, help="例如 60", unit="基点"),
        Field("repayment_styles", "还本方式", Kind.MANY, choices=list(STYLES.items()), is_required=True),
        Field("securities", "担保方式", Kind.MANY, help="都不选，就是不限", choices=list(SECURITIES.items())),
        Field("regions", "办理地区", Kind.MANY, help="都不选，就是全省", choices=places),
        Field("valid_from", "从哪天起办理", Kind.DATE, is_required=True),
        Field("valid_to", "停止办理的首日", Kind.DATE, help="没有定，就不填"),
        Field("notes", "说明", Kind.LINES, help="一行一条"),
    )


def places_of(cities: Sequence[Json], chosen: Sequence[str], names: Mapping[str, str]) -> Choices:
    """The cities, and whatever else a version already names."""
    known = [(city["code"], city["name"]) for city in cities]
    more = [code for code in chosen if code not in dict(known)]
    return [*known, *((code, names.get(code, code)) for code in more)]


def read_terms(form: Form, typed: Typed) -> dict[str, Any]:
    """What was typed as the API takes it, whole: an empty list restricts nothing, an empty day takes one back."""
    body = form.read(typed)
    for name in _LISTS:
        body.setdefault(name, [])
    body["valid_to"] = body.get("valid_to")
    body["notes"] = [line.strip() for line in body.get("notes", "").splitlines() if line.strip()]
    kept = _RATE_FIELDS.get(body.get("rate", {}).get("kind"), ("kind",))
    body["rate"] = {name: value for name, value in body.get("rate", {}).items() if name in kept}
    return body


def typed_terms(version: Json) -> dict[str, Any]:
    """A version by the names of the form's fields."""
    nested = {f"{name}/{part}": value for name in ("amount", "term") for part, value in version[name].items()}
    rate = {f"rate/{part}": version["rate"][part] for part in _RATE_FIELDS[version["rate"]["kind"]]}
    plain = {name: version[name] for name in ("name", "summary", *_LISTS, "valid_from", "valid_to")}
    return {**plain, **nested, **rate, "notes": "\n".join(version["notes"])}


def terms_of(version: Json) -> dict[str, Any]:
    """A version as terms that can be tried: what it was written as, without what was worked out from it."""
    tiers = [
        {name: value for name, value in {**tier, "rate": rate_of(tier["rate"])}.items() if value is not None}
        for tier in version["tiers"]
    ]
    same = {name: version[name] for name in _SAME}
    return {**same, "rate": rate_of(version["rate"]), "tiers": tiers, "notes": version["notes"]}


def rate_of(rate: Json) -> dict[str, Any]:
    """A rate as it was agreed."""
    return {part: rate[part] for part in _RATE_FIELDS[rate["kind"]]}
