"""What interest-subsidy quotes take and answer."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, WithJsonSchema, model_validator

from app.http.schemas import (
    Citation,
    DecimalText,
    InputSchema,
    IsoDate,
    OutputSchema,
    Percent,
    SignedPercent,
    Yuan,
)
from app.subsidy import RepaymentStyle, Reset
from app.subsidy.amounts import MOST_YUAN
from app.subsidy.checks import MOST_EVENTS
from app.subsidy.reading import (
    MOST_MONTHS,
    Cap,
    DayCount,
    Exclusion,
    LongestScope,
    PartialUse,
    RateDay,
    ReferenceRate,
    Rounding,
    ShorterLoan,
    Stacking,
    TenorBasis,
)

DEFAULT_PROGRAMME = "kangyang-interest-subsidy"
_SLUG = r"^[a-z0-9][a-z0-9-]{0,79}$"
_SHARE = r"(1(\.0{1,6})?|0(\.[0-9]{1,6})?)"
_TRILLION = r"1000000000000(\.0{1,2})?"
_LOAN_YUAN = rf"({_TRILLION}|(0|[1-9][0-9]{{0,11}})(\.[0-9]{{1,2}})?)"
_POSITIVE_LOAN_YUAN = rf"({_TRILLION}|[1-9][0-9]{{0,11}}(\.[0-9]{{1,2}})?|0\.(0[1-9]|[1-9][0-9]?))"
_MANY_YUAN = r"(0|[1-9][0-9]{0,15})(\.[0-9]{1,2})?"
_ANY_PERCENT = r"-?(0|[1-9][0-9]{0,6})(\.[0-9]{1,4})?"

Share = Annotated[
    Decimal,
    DecimalText(6, Decimal(0), Decimal(1), _SHARE, fixed=False),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{_SHARE}$", "examples": ["0.5"]},
                {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.000001},
            ]
        }
    ),
]
# What a loan may say in yuan, up to the bound of the arithmetic itself.
LoanYuan = Annotated[Decimal, DecimalText(2, Decimal(0), MOST_YUAN, _LOAN_YUAN, fixed=True)]
PositiveLoanYuan = Annotated[Decimal, DecimalText(2, Decimal("0.01"), MOST_YUAN, _POSITIVE_LOAN_YUAN, fixed=True)]
# What is worked out passes what may be written: fifty years of interest at 100 %, a thousand receipts, and a rate
# that a loan of one day has in a year.
TotalYuan = Annotated[Decimal, DecimalText(2, Decimal(0), Decimal(10**16 - 1), _MANY_YUAN, fixed=True)]
YearlyPercent = Annotated[Decimal, DecimalText(4, Decimal(1 - 10**7), Decimal(10**7 - 1), _ANY_PERCENT, fixed=False)]

EXAMPLE_QUOTE: Final[dict[str, JsonValue]] = {
    "principal_yuan": "20000000",
    "drawn_on": "2022-07-01",
    "due_on": "2025-07-01",
    "contract_rate_percent": "4.45",
}


class FloatingRateIn(InputSchema):
    """A contract rate of LPR plus basis points, taken at the first drawdown and anew as `reset` says.

    `initial_rate_percent` is the whole rate until the first reset that finds an LPR: give it for a contract older
    than the LPR.
    """

    lpr: Literal["1y", "5y"]
    basis_points: Annotated[int, Field(strict=True, ge=-2000, le=2000)]
    reset: Reset | Annotated[list[IsoDate], Field(max_length=200)]
    initial_rate_percent: Percent | None = None


class MovementIn(InputSchema):
    """Money drawn or repaid on a day."""

    on: IsoDate
    amount_yuan: PositiveLoanYuan


class InterestPaidIn(InputSchema):
    """An interest slip: spread over [from, to) where given, else it belongs to the calendar year of `on`."""

    on: IsoDate
    amount_yuan: LoanYuan
    from_: Annotated[IsoDate | None, Field(alias="from")] = None
    to: IsoDate | None = None
    kind: Literal["regular", "penalty"] = "regular"


class OtherSubsidyIn(InputSchema):
    """Another interest subsidy for the same loan, by the slug of its programme: of one calendar year or of the term."""

    slug: Annotated[str, Field(pattern=_SLUG)]
    amount_yuan: LoanYuan
    year: Annotated[int, Field(strict=True, ge=1900, le=2200)] | None = None


class ReadingIn(InputSchema):
    """The parameters of the reading that differ from the programme's default one; see its `reading` in an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"cap": "lower_rate"}]})

    reference_rate: ReferenceRate | None = None
    rate_day: RateDay | None = None
    tenor_basis: TenorBasis | None = None
    share: Share | None = None
    longest_months: Annotated[int, Field(strict=True, ge=0, le=MOST_MONTHS)] | None = None
    longest_scope: LongestScope | None = None
    shorter_loan: ShorterLoan | None = None
    cap: Cap | None = None
    day_count: DayCount | None = None
    rounding: Rounding | None = None
    excluded: Annotated[list[Exclusion], Field(max_length=len(Exclusion))] | None = None
    partial_use: PartialUse | None = None
    stacking: Stacking | None = None


class InterestSubsidyQuoteIn(InputSchema):
    """One loan. Amounts in yuan, rates in percent a year, dates ISO; exactly one of the two contract rates.

    Drawdowns, repayments, interest slips, other subsidies and reset dates are at most 600 together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_QUOTE]})

    principal_yuan: PositiveLoanYuan
    drawn_on: IsoDate
    due_on: IsoDate
    contract_rate_percent: Percent | None = None
    contract_rate: FloatingRateIn | None = None
    repayment_style: RepaymentStyle = RepaymentStyle.BULLET
    drawdowns: Annotated[tuple[MovementIn, ...], Field(max_length=MOST_EVENTS)] = ()
    repayments: Annotated[tuple[MovementIn, ...], Field(max_length=MOST_EVENTS)] = ()
    interest_paid: Annotated[tuple[InterestPaidIn, ...], Field(max_length=MOST_EVENTS)] = ()
    other_subsidies: Annotated[tuple[OtherSubsidyIn, ...], Field(max_length=50)] = ()
    extended_to: IsoDate | None = None
    application_date: IsoDate | None = None
    project_first_drawn_on: IsoDate | None = None
    project_share: Share = Decimal(1)
    reading: ReadingIn | None = None
    programme: Annotated[str, Field(pattern=_SLUG)] = DEFAULT_PROGRAMME

    @model_validator(mode="after")
    def _one_contract_rate(self) -> Self:
        if (self.contract_rate_percent is None) is (self.contract_rate is None):
            raise ValueError(
                "合同利率请在 contract_rate_percent（固定利率）和 contract_rate（LPR 加减点）中写且只写一项"
            )
        return self


class BalanceOut(OutputSchema):
    """The balance on the days [from, to)."""

    from_: Annotated[IsoDate, Field(alias="from")]
    to: IsoDate
    balance_yuan: Yuan


class RatePeriodOut(OutputSchema):
    """A rate on the days [from, to); `carried_forward` marks days later than the last published value."""

    from_: Annotated[IsoDate, Field(alias="from")]
    to: IsoDate
    percent: SignedPercent
    series: str | None
    carried_forward: bool


class YearOut(OutputSchema):
    """The subsidised days [from, to) of one calendar year, with the formula in words."""

    year: int
    from_: Annotated[IsoDate, Field(alias="from")]
    to: IsoDate
    days: int
    balances: list[BalanceOut]
    reference_rates: list[RatePeriodOut]
    contract_rates: list[RatePeriodOut]
    interest_yuan: TotalYuan
    interest_paid_yuan: TotalYuan | None
    reference_interest_yuan: Yuan
    cap_applied: bool
    subsidy_yuan: Yuan
    formula: str


class ReadingTotalOut(OutputSchema):
    """One reading's total; `missing` says what it would need where it has none.

    `exceeds_interest` marks a total above the interest of the subsidised days: listed, but outside the range.
    """

    slug: str
    name: str
    reason: str
    subsidy_yuan: Yuan | None
    exceeds_interest: bool | None
    net_rate_percent: YearlyPercent | None
    missing: str | None


class RangeOut(OutputSchema):
    """The lowest and highest total over the listed readings that do not exceed the interest."""

    low_yuan: Yuan | None
    high_yuan: Yuan | None
    readings: list[ReadingTotalOut]


class ReadingWordsOut(OutputSchema):
    """One parameter of the reading in words; the clause says so, we assume it, or the request has chosen it."""

    key: str
    label: str
    value: str
    basis: Literal["clause", "assumed", "chosen"]
    note: str


class QuoteOut(OutputSchema):
    """The interest subsidy of one loan, year by year. An estimate: the finance department decides."""

    programme: str
    subsidy_yuan: Yuan
    range: RangeOut
    interest_yuan: TotalYuan
    net_rate_percent: YearlyPercent | None
    gross_rate_percent: YearlyPercent | None
    reading: dict[str, Any]
    reading_words: list[ReadingWordsOut]
    reading_confirmed: bool
    reference_series: str
    years: list[YearOut]
    notes: list[str]
    citations: list[Citation]
