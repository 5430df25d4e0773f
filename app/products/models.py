"""A loan product as a frozen record, outwardly shaped like the product reference data of open-banking standards.

Amounts in yuan, rates in percent a year, margins in basis points. Every constraint is typed, and all of them
together become one rule, so that a borrower is told which term of the product stands in the way.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from app.programmes.models import Record, RegionCode, Slug, Text
from app.rules import codes
from app.rules.check import Rule, parse
from app.rules.facts import Subject
from app.rules.parameters import Parameters
from app.subsidy import RepaymentStyle

_MOST_YUAN: Final = Decimal("9999999999999.99")


def _one_of(known: dict[str, str]) -> AfterValidator:
    def check(code: str) -> str:
        if code not in known:
            raise ValueError("要从这些代码中选：" + "、".join(f"{one}（{label}）" for one, label in known.items()))
        return code

    return AfterValidator(check)


PurposeCode = Annotated[str, _one_of(codes.PURPOSE)]
SecurityCode = Annotated[str, _one_of(codes.SECURITIES)]
Money = Annotated[Decimal, Field(gt=0, le=_MOST_YUAN, decimal_places=2)]
PercentRate = Annotated[Decimal, Field(ge=0, le=100, decimal_places=6)]
BasisPoints = Annotated[int, Field(ge=-2000, le=2000)]


class AmountRange(Record):
    """What the bank lends, both ends included."""

    low_yuan: Money
    high_yuan: Money

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_yuan > self.high_yuan:
            raise ValueError("最低金额不能高于最高金额")
        return self


class TermRange(Record):
    """For how many months, both ends included."""

    low_months: Annotated[int, Field(ge=1, le=600)]
    high_months: Annotated[int, Field(ge=1, le=600)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_months > self.high_months:
            raise ValueError("最短期限不能长于最长期限")
        return self


class FixedLendingRate(Record):
    """A fixed rate between two ends."""

    kind: Literal["fixed"]
    low_percent: PercentRate
    high_percent: PercentRate


class LprLendingRate(Record):
    """LPR of a tenor plus a margin between two ends; shown as today's rate with its date."""

    kind: Literal["lpr"]
    tenor: Literal["1y", "5y"]
    low_basis_points: BasisPoints
    high_basis_points: BasisPoints


LendingRate = Annotated[FixedLendingRate | LprLendingRate, Field(discriminator="kind")]


class ProductRecord(Record):
    """One version of a product.

    `purposes`, `securities` and `regions` left empty restrict nothing. `valid_to` is the first day it is no longer
    offered. `internal` names the ids of conditions that only the bank itself sees (others read 由银行审核).
    """

    slug: Slug
    bank: Slug
    name: Text
    summary: Text
    subjects: tuple[Literal[Subject.INSTITUTION, Subject.PROJECT, Subject.NEED], ...] = Field(min_length=1)
    purposes: tuple[PurposeCode, ...] = ()
    amount: AmountRange
    term: TermRange
    rate: LendingRate
    repayment_styles: tuple[RepaymentStyle, ...] = Field(min_length=1)
    securities: tuple[SecurityCode, ...] = ()
    regions: tuple[RegionCode, ...] = ()
    valid_from: date
    valid_to: date | None = None
    applies: dict[str, Any] | None = None
    requires: dict[str, Any] | None = None
    internal: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()
