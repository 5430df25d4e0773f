"""A loan product as a frozen record, outwardly shaped like the product reference data of open-banking standards.

Amounts in yuan, rates in percent a year, margins in basis points. Every constraint is typed, and all of them
together become one rule, so that a borrower is told which term of the product stands in the way.
"""

from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StrictInt, StringConstraints, WithJsonSchema, model_validator

from app.http.schemas import IsoDate, Percent, PositiveYuan
from app.products import terms
from app.products.terms import ProductRules
from app.programmes.models import Record, RegionCode, Slug
from app.rules import codes
from app.rules.facts import Subject
from app.rules.nodes import Citation
from app.rules.parameters import Parameters
from app.subsidy import RepaymentStyle

# Short texts of a product; U+0000 is refused because PostgreSQL cannot store it.
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
ConditionId = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
_REGION: Final = {"type": "string", "pattern": "^14[0-9]{4}$", "examples": ["140100"]}
_RULE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["op"],
    "properties": {"op": {"type": "string"}},
    "description": "规则树：all、any、not，或一个条件（op、fact 与比较的值）；每个条件要有 id。",
}


def _one_of(known: dict[str, str]) -> AfterValidator:
    def check(code: str) -> str:
        if code not in known:
            raise ValueError("要从这些代码中选：" + "、".join(f"{one}（{label}）" for one, label in known.items()))
        return code

    return AfterValidator(check)


def _enumerated(known: dict[str, str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(known)})


def _without_doubles(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("同一项不要写两次")
    return values


Distinct = AfterValidator(_without_doubles)
PurposeCode = Annotated[str, _one_of(codes.PURPOSE), _enumerated(codes.PURPOSE)]
SecurityCode = Annotated[str, _one_of(codes.SECURITIES), _enumerated(codes.SECURITIES)]
ProductSubject = Literal[Subject.INSTITUTION, Subject.PROJECT, Subject.NEED]
RuleJson = Annotated[dict[str, Any], WithJsonSchema(_RULE)]
BasisPoints = Annotated[StrictInt, Field(ge=-2000, le=2000)]
Months = Annotated[StrictInt, Field(ge=1, le=600)]


class AmountRange(Record):
    """What the bank lends, both ends included."""

    low_yuan: PositiveYuan
    high_yuan: PositiveYuan

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_yuan > self.high_yuan:
            raise ValueError("最低金额不能高于最高金额")
        return self


class TermRange(Record):
    """For how many months, both ends included."""

    low_months: Months
    high_months: Months

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_months > self.high_months:
            raise ValueError("最短期限不能长于最长期限")
        return self


class FixedLendingRate(Record):
    """A fixed rate between two ends."""

    kind: Literal["fixed"]
    low_percent: Percent
    high_percent: Percent

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_percent > self.high_percent:
            raise ValueError("最低利率不能高于最高利率")
        return self


class LprLendingRate(Record):
    """LPR of a tenor plus a margin between two ends; shown as today's rate with its date."""

    kind: Literal["lpr"]
    tenor: Literal["1y", "5y"]
    low_basis_points: BasisPoints
    high_basis_points: BasisPoints

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_basis_points > self.high_basis_points:
            raise ValueError("最低加点不能高于最高加点")
        return self


LendingRate = Annotated[FixedLendingRate | LprLendingRate, Field(discriminator="kind")]


class RateTier(Record):
    """Another rate for part of the product: for some amounts, some terms, or both."""

    name: Phrase
    amount: AmountRange | None = None
    term: TermRange | None = None
    rate: LendingRate

    @model_validator(mode="after")
    def _says_for_what(self) -> Self:
        if self.amount is None and self.term is None:
            raise ValueError("分档利率要写明适用的金额 amount 或期限 term")
        return self


class ProductTerms(Record):
    """What a bank offers: all of a version but whose product it is.

    `purposes`, `securities` and `regions` left empty restrict nothing. `valid_to` is the first day it is no longer
    offered. `internal` names the ids of conditions that only the bank itself sees (others read 由银行审核).
    """

    name: Phrase
    summary: Phrase
    subjects: Annotated[tuple[ProductSubject, ...], Field(min_length=1, max_length=3), Distinct]
    purposes: Annotated[tuple[PurposeCode, ...], Field(max_length=20), Distinct] = ()
    amount: AmountRange
    term: TermRange
    rate: LendingRate
    tiers: Annotated[tuple[RateTier, ...], Field(max_length=20)] = ()
    repayment_styles: Annotated[tuple[RepaymentStyle, ...], Field(min_length=1, max_length=10), Distinct]
    securities: Annotated[tuple[SecurityCode, ...], Field(max_length=20), Distinct] = ()
    regions: Annotated[tuple[Annotated[RegionCode, WithJsonSchema(_REGION)], ...], Field(max_length=129), Distinct] = ()
    valid_from: IsoDate
    valid_to: IsoDate | None = None
    applies: RuleJson | None = None
    requires: RuleJson | None = None
    internal: Annotated[tuple[ConditionId, ...], Field(max_length=200), Distinct] = ()
    notes: Annotated[tuple[Phrase, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("停止办理的首日 valid_to 要晚于开始办理的首日 valid_from")
        return self

    @model_validator(mode="after")
    def _tiers_lie_inside(self) -> Self:
        for tier in self.tiers:
            amount, term = tier.amount or self.amount, tier.term or self.term
            if amount.low_yuan < self.amount.low_yuan or amount.high_yuan > self.amount.high_yuan:
                raise ValueError(f"分档“{tier.name}”的金额超出了产品的金额范围")
            if term.low_months < self.term.low_months or term.high_months > self.term.high_months:
                raise ValueError(f"分档“{tier.name}”的期限超出了产品的期限范围")
        return self

    def rules(self, parameters: Parameters | None = None) -> ProductRules:
        """The one rule of these terms, with what decides whether the product is for a case at all in front.

        `parameters`, where given, must hold every parameter that the bank's own conditions name. Raises RuleRefused
        with JSON Pointers below /applies, /requires and /internal.
        """
        own = terms.own_rules(self.applies, self.requires, self.internal, parameters)
        generated = terms.Generated(
            regions=self.regions,
            low_yuan=self.amount.low_yuan,
            high_yuan=self.amount.high_yuan,
            low_months=self.term.low_months,
            high_months=self.term.high_months,
            purposes=self.purposes,
            securities=self.securities,
        )
        return terms.joined(own, generated)


class ProductRecord(ProductTerms):
    """One version of a product of one bank, by their slugs."""

    slug: Slug
    bank: Slug


class StoredProduct(NamedTuple):
    """A published version as matching reads it: its terms, its rule, and where it stands.

    `withdrawn_on` is the first day on which it is no longer offered, `superseded_on` the first day of a later version.
    """

    record: ProductRecord
    rules: ProductRules
    product_id: UUID
    version_id: UUID
    version: int
    bank_name: str
    published_on: date
    superseded_on: date | None
    withdrawn_on: date | None


BANK_KINDS: Final[dict[str, str]] = {
    "policy": "政策性银行",
    "state_owned": "国有大型商业银行",
    "joint_stock": "股份制商业银行",
    "city_commercial": "城市商业银行",
    "rural_commercial": "农村商业银行",
    "rural_cooperative": "农村合作银行或信用社",
    "village": "村镇银行",
    "foreign": "外资银行",
}
BankKindCode = Annotated[str, _one_of(BANK_KINDS), _enumerated(BANK_KINDS)]


class LenderRecord(Record):
    """A bank that may draw on a relending tool, from a day until another (half open)."""

    code: Slug
    name: Phrase
    kind: BankKindCode
    national: bool
    valid_from: IsoDate
    valid_to: IsoDate | None = None


class RelendingRecord(Record):
    """A relending tool of the central bank and the banks that may use it. It is money for banks, never a claim."""

    code: Slug
    name: Phrase
    cite: Citation
    note: Phrase | None = None
    lenders: tuple[LenderRecord, ...]


class BankFile(Record):
    """The seed file of relending lists."""

    relending: tuple[RelendingRecord, ...]
