"""A reading (口径): the explicit, typed value of every parameter the clause leaves open.

No value has a default here: which reading holds, and under which clause, is dated data of the programme.
Only the closed sets of options live in code, because each option is a piece of arithmetic.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from app.subsidy.amounts import RATE_DECIMALS, decimals, share_words
from app.subsidy.amounts import share as share_units
from app.subsidy.days import months_after
from app.subsidy.errors import SubsidyError
from app.subsidy.terms import Option, Terms

# A loan of fifty years has 600 months; a longer limit could never bind.
MOST_MONTHS = 600


class ReferenceRate(Option):
    """Which published rate the subsidy is a share of."""

    BENCHMARK_BY_TENOR = "benchmark_by_tenor", "按期限对应的贷款基准利率"
    LPR_1Y = "lpr_1y", "一年期 LPR"
    LPR_5Y = "lpr_5y", "五年期以上 LPR"
    LPR_BY_TENOR = "lpr_by_tenor", "按期限对应的 LPR（不足 60 个月用一年期）"


class RateDay(Option):
    """The value of which day counts."""

    ACCRUAL_DAY = "accrual_day", "计息当日有效的利率"
    YEAR_START = "year_start", "当年 1 月 1 日有效的利率"
    FIRST_DRAWDOWN = "first_drawdown", "首次放款日有效的利率"
    APPLICATION_DATE = "application_date", "申请日有效的利率"


class TenorBasis(Option):
    """What the term of a loan is; early repayment and extension do not change it."""

    CONTRACT_TERM = "contract_term", "首次放款日至原到期日的合同期限"


class LongestScope(Option):
    """Whose first drawdown starts the longest period."""

    PROJECT = "project", "按项目合并计算"
    LOAN = "loan", "按每笔贷款计算"


class ShorterLoan(Option):
    """How a loan shorter than the longest period counts."""

    ACTUAL_TERM = "actual_term", "按实际期限，至原到期日或全部还清日止"


class Cap(Option):
    """What bounds the subsidy."""

    YEAR_CONTRACT_INTEREST = "year_contract_interest", "不超过当年合同利息（有付息回单的按实付）"
    LOWER_RATE = "lower_rate", "参照利率与合同利率孰低"
    NONE = "none", "不设上限"


class DayCount(Option):
    """Actual days over a fixed year, for reference and contract interest alike."""

    ACTUAL_360 = "actual_360", "实际天数/360"
    ACTUAL_365 = "actual_365", "实际天数/365"

    @property
    def year_days(self) -> int:
        """The divisor."""
        return 360 if self is DayCount.ACTUAL_360 else 365


class Rounding(Option):
    """Where fractions of a fen go."""

    HALF_UP_YEARLY = "half_up_yearly", "每个自然年度四舍五入到分一次"


class Exclusion(Option):
    """Interest that never counts. Days after the original due date never do, under any reading."""

    OVERDUE_AND_PENALTY = "overdue_and_penalty", "逾期利息和罚息"
    BEFORE_EFFECTIVE = "before_effective", "政策生效前的天数"
    AFTER_WINDOW = "after_window", "政策截止后的天数"


class PartialUse(Option):
    """How a loan used only partly for the project counts."""

    PROJECT_SHARE = "project_share", "只计用于项目的部分"


class Stacking(Option):
    """What another interest subsidy for the same loan does."""

    EXCLUDE = "exclude", "与清单内其他贴息互斥"
    REMAINDER = "remainder", "不超过其他贴息之后剩余的合同利息"


def _share(value: Decimal) -> Decimal:
    if not value.is_finite() or not 0 <= value <= 1 or decimals(value) > RATE_DECIMALS:
        raise ValueError("应为 0 到 1 之间、最多六位小数的比例，50% 请填写 0.5")
    return value


def _no_repeats(value: tuple[Exclusion, ...]) -> tuple[Exclusion, ...]:
    if len(set(value)) != len(value):
        raise ValueError("各项不应重复")
    return value


class Reading(Terms):
    """Every parameter of the interest subsidy; all are required.

    `share` is 0 to 1, `longest_months` 0 to 600 months from the first drawdown, `excluded` any of `Exclusion`.
    `Reading.model_validate` takes a complete dict (JSON); `with_` lays a partial one over this reading.
    """

    reference_rate: ReferenceRate
    rate_day: RateDay
    tenor_basis: TenorBasis
    share: Annotated[Decimal, AfterValidator(_share)]
    longest_months: Annotated[int, Field(strict=True, ge=0, le=MOST_MONTHS)]
    longest_scope: LongestScope
    shorter_loan: ShorterLoan
    cap: Cap
    day_count: DayCount
    rounding: Rounding
    excluded: Annotated[tuple[Exclusion, ...], AfterValidator(_no_repeats)]
    partial_use: PartialUse
    stacking: Stacking

    def with_(self, overrides: Mapping[str, object]) -> Self:
        """This reading with some parameters replaced.

        Raises `unknown_reading_parameter` or `invalid_reading_value`, pointing at ``/reading/<parameter>``.
        """
        for key in overrides:
            if key not in LABELS:
                known = "、".join(LABELS)
                raise SubsidyError("unknown_reading_parameter", _pointer(key), f"没有这个口径参数，可用的有：{known}")
        for key, value in overrides.items():
            if isinstance(value, bool) or value is None:
                raise SubsidyError("invalid_reading_value", _pointer(key), wanted(key))
        try:
            return type(self).model_validate({**self.model_dump(), **overrides})
        except ValidationError as error:
            key = str(error.errors()[0]["loc"][0])
            raise SubsidyError("invalid_reading_value", _pointer(key), wanted(key)) from error

    def words(self) -> tuple[tuple[str, str], ...]:
        """Label and value of every parameter in Chinese, in the order of the table."""
        return tuple((LABELS[key], _value_words(getattr(self, key))) for key in LABELS)


# The table's own order; the keys are the fields of Reading, which a test holds.
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "reference_rate": "参照利率",
        "rate_day": "取哪一天的利率",
        "tenor_basis": "期限",
        "share": "贴息比例",
        "longest_months": "最长月数",
        "longest_scope": "最长期限的口径",
        "shorter_loan": "较短的贷款",
        "cap": "上限",
        "day_count": "计息天数",
        "rounding": "取整",
        "excluded": "不计的部分",
        "partial_use": "部分用途",
        "stacking": "与其他贴息的关系",
    }
)

OPTIONS: Mapping[str, type[Option]] = MappingProxyType(
    {
        "reference_rate": ReferenceRate,
        "rate_day": RateDay,
        "tenor_basis": TenorBasis,
        "longest_scope": LongestScope,
        "shorter_loan": ShorterLoan,
        "cap": Cap,
        "day_count": DayCount,
        "rounding": Rounding,
        "excluded": Exclusion,
        "partial_use": PartialUse,
        "stacking": Stacking,
    }
)


def wanted(key: str) -> str:
    """What a parameter may be, as the sentence a refusal shows."""
    if key == "share":
        return "贴息比例应为 0 到 1 之间、最多六位小数的数，50% 请填写 0.5"
    if key == "longest_months":
        return f"最长月数应为 0 到 {MOST_MONTHS} 的整数"
    choices = "、".join(f"{option.value}({option.label})" for option in OPTIONS[key])
    demand = "应为以下各项的列表，不重复" if key == "excluded" else "只能取"
    return f"{LABELS[key]}{demand}:{choices}"


def _pointer(key: object) -> str:
    return "/reading/" + str(key).replace("~", "~0").replace("/", "~1")


def _value_words(value: object) -> str:
    match value:
        case Option():
            return value.label
        case Decimal():
            return share_words(share_units(value, ""))
        case tuple():
            return "、".join(_value_words(item) for item in value) or "无"
        case _:
            return f"{value} 个月"


class Clause(Terms):
    """Where in a policy document something stands."""

    document: str
    clause: str


class ParameterBasis(Terms):
    """Why a parameter has its default: the clause says so, or we assume it because the clause is silent."""

    key: str
    basis: Literal["clause", "assumed"]
    note: str


class Confirmation(Terms):
    """The finance department's word that a reading is the one to use."""

    by: str
    on: date


class NamedReading(Terms):
    """A reading people are shown, with its reason; `confirmed` is None until finance has spoken."""

    slug: str
    name: str
    reason: str
    confirmed: Confirmation | None
    reading: Reading


class ReadingSet(Terms):
    """The readings of one programme, the default first, and the basis of every parameter."""

    programme: str
    cite: Clause
    parameters: tuple[ParameterBasis, ...]
    readings: tuple[NamedReading, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if [basis.key for basis in self.parameters] != list(LABELS):
            raise ValueError("每个口径参数都应按表中的顺序说明一次依据")
        slugs = [named.slug for named in self.readings]
        if len(set(slugs)) != len(slugs):
            raise ValueError("口径的代码不应重复")
        return self

    @property
    def default(self) -> NamedReading:
        """The first reading."""
        return self.readings[0]


def in_full(content: Any) -> Any:
    """A set of readings as people write it: `differs`, what a reading changes of the default, made a whole one."""
    match content:
        case {"readings": [{"reading": dict() as default}, *_] as readings}:
            return {**content, "readings": [_in_full(named, default) for named in readings]}
        case _:
            return content


def _in_full(named: Any, default: dict[str, Any]) -> Any:
    """The reading with what it leaves out taken from the default; what is malformed is left to the models."""
    match named:
        case {"differs": dict() as differs, **rest} if "reading" not in rest:
            return {**rest, "reading": {**default, **differs}}
        case _:
            return named


class TenorBand(NamedTuple):
    """A series for loans up to so many months; exactly that many is still inside. None has no end."""

    months: int | None
    series: str


# The bands are what the published series are, not a policy of any programme.
BENCHMARK_BANDS = (
    TenorBand(12, "benchmark_up_to_1y"),
    TenorBand(60, "benchmark_1y_to_5y"),
    TenorBand(None, "benchmark_over_5y"),
)
LPR_5Y_FROM_MONTHS = 60


def reference_series(reference: ReferenceRate, first_drawn_on: date, due_on: date) -> str:
    """The code of the series for a loan's contract term.

    Exactly 12 or 60 months belong to the shorter benchmark band; for LPR 60 months already take the longer one.
    """
    match reference:
        case ReferenceRate.LPR_1Y | ReferenceRate.LPR_5Y:
            return reference.value
        case ReferenceRate.LPR_BY_TENOR:
            longer = due_on.toordinal() >= months_after(first_drawn_on, LPR_5Y_FROM_MONTHS)
            return ReferenceRate.LPR_5Y.value if longer else ReferenceRate.LPR_1Y.value
        case ReferenceRate.BENCHMARK_BY_TENOR:
            due = due_on.toordinal()
            return next(
                band.series
                for band in BENCHMARK_BANDS
                if band.months is None or due <= months_after(first_drawn_on, band.months)
            )
