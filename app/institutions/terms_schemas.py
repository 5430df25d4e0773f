"""The terms of a loan as they are written down: what the subsidy arithmetic needs of it."""

from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from app.http.schemas import DecimalText, InputSchema, IsoDate, Percent, PositiveYuan, Yuan
from app.subsidy import RepaymentStyle, Reset

_SLUG: Final = r"^[a-z0-9][a-z0-9-]{0,79}$"
# Two decimals of a percentage: the share is also a fact, and facts have no more.
_SHARE: Final = r"(1(\.0{1,4})?|0(\.[0-9]{1,4})?)"

ProjectShare = Annotated[
    Decimal,
    DecimalText(4, Decimal(0), Decimal(1), _SHARE, fixed=False),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{_SHARE}$", "examples": ["0.5"]},
                {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.0001},
            ]
        }
    ),
]


class LprTermsIn(InputSchema):
    """A contract rate of LPR plus basis points, taken at the first drawdown and anew as `reset` says."""

    lpr: Literal["1y", "5y"]
    basis_points: Annotated[int, Field(strict=True, ge=-2000, le=2000)]
    reset: Reset | Annotated[list[IsoDate], Field(max_length=200)]


class LoanMovementIn(InputSchema):
    """Money drawn or repaid on a day."""

    on: IsoDate
    amount_yuan: PositiveYuan


class LoanReceiptIn(InputSchema):
    """An interest slip: spread over [from, to) where given, else it belongs to the calendar year of `on`."""

    on: IsoDate
    amount_yuan: Yuan
    from_: Annotated[IsoDate | None, Field(alias="from")] = None
    to: IsoDate | None = None
    kind: Literal["regular", "penalty"] = "regular"


class LoanSubsidyIn(InputSchema):
    """Another interest subsidy for the same loan: of one calendar year, or of the whole term."""

    slug: Annotated[str, Field(pattern=_SLUG)]
    amount_yuan: Yuan
    year: Annotated[int, Field(strict=True, ge=1900, le=2200)] | None = None


class LoanTermsIn(InputSchema):
    """Principal, dates, rate, and all money that moved; exactly one of the two contract rates."""

    principal_yuan: PositiveYuan
    drawn_on: IsoDate
    due_on: IsoDate
    contract_rate_percent: Percent | None = None
    contract_rate: LprTermsIn | None = None
    repayment_style: RepaymentStyle = RepaymentStyle.BULLET
    drawdowns: Annotated[tuple[LoanMovementIn, ...], Field(max_length=1000)] = ()
    repayments: Annotated[tuple[LoanMovementIn, ...], Field(max_length=1000)] = ()
    interest_paid: Annotated[tuple[LoanReceiptIn, ...], Field(max_length=1000)] = ()
    other_subsidies: Annotated[tuple[LoanSubsidyIn, ...], Field(max_length=50)] = ()
    project_share: ProjectShare = Decimal(1)
    extended_to: IsoDate | None = None

    @model_validator(mode="after")
    def _one_contract_rate(self) -> Self:
        if (self.contract_rate_percent is None) is (self.contract_rate is None):
            raise ValueError(
                "合同利率请在 contract_rate_percent（固定利率）和 contract_rate（LPR 加减点）中写且只写一项"
            )
        return self
