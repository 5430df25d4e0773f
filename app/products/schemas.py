"""What banks, products and impact previews take and answer."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from app.cases.select import CaseKind
from app.http.schemas import Citation, Flag, InputSchema, IsoDate, OutputSchema, SignedPercent, Yuan
from app.products.impact import Change, Verdict
from app.products.models import (
    AmountRange,
    BankKindCode,
    ConditionId,
    Distinct,
    LendingRate,
    Phrase,
    ProductRecord,
    ProductSubject,
    ProductTerms,
    PurposeCode,
    RateTier,
    RuleJson,
    SecurityCode,
    TermRange,
)
from app.products.timeline import VersionStatus
from app.programmes.models import RegionCode
from app.rules.facts import Subject
from app.subsidy import RepaymentStyle

_REGION: Final = {"type": "string", "pattern": "^14[0-9]{4}$", "examples": ["140100"]}
BankCode = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
ProductRegion = Annotated[RegionCode, WithJsonSchema(_REGION)]

EXAMPLE_BANK: Final[dict[str, JsonValue]] = {
    "code": "xugou-city-bank",
    "name": "虚构城市商业银行",
    "kind": "city_commercial",
    "region_code": "140100",
    "national": False,
}
EXAMPLE_PRODUCT: Final[dict[str, JsonValue]] = {
    "slug": "xugou-care-loan",
    "bank": "xugou-city-bank",
    "name": "虚构养老设施贷",
    "summary": "面向养老机构建设和改造的中长期贷款（虚构）",
    "subjects": ["need"],
    "purposes": ["construction", "age_friendly_retrofit"],
    "amount": {"low_yuan": "500000", "high_yuan": "30000000"},
    "term": {"low_months": 12, "high_months": 120},
    "rate": {"kind": "lpr", "tenor": "5y", "low_basis_points": -20, "high_basis_points": 60},
    "repayment_styles": ["equal_instalment"],
    "securities": ["real_estate", "guarantor"],
    "regions": ["140100"],
    "valid_from": "2026-11-20",
    "requires": {"op": "ge", "fact": "institution.beds_total", "value": 50, "id": "beds", "cite": {"own": "第 1 条"}},
    "internal": [],
}


def _example(*examples: dict[str, JsonValue]) -> ConfigDict:
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": list(examples)})


class BankIn(InputSchema):
    """A bank that offers products. `region_code` is where it sits, `national` says that it is everywhere."""

    model_config = _example(EXAMPLE_BANK)

    code: BankCode
    name: Phrase
    kind: BankKindCode
    region_code: ProductRegion
    national: Flag


class RelendingOut(OutputSchema):
    """A relending tool that the bank may use on the day. It is money for the bank, never a claim on it."""

    code: str
    name: str
    note: str | None


class BankOut(OutputSchema):
    id: UUID
    code: str
    name: str
    kind: str
    kind_label: str
    region_code: str
    region_name: str
    national: bool
    relending: list[RelendingOut]


class BankListOut(OutputSchema):
    items: list[BankOut]
    next_cursor: str | None
    total: int | None


class LenderOut(OutputSchema):
    """A bank on the list of a relending tool, from a day until another (half open)."""

    code: str
    name: str
    kind: str
    kind_label: str
    national: bool
    valid_from: IsoDate
    valid_to: IsoDate | None


class RelendingListOut(OutputSchema):
    """A relending tool with its lenders on the day asked."""

    code: str
    name: str
    note: str | None
    citation: Citation
    as_of: IsoDate
    lenders: list[LenderOut]


class RelendingListsOut(OutputSchema):
    items: list[RelendingListOut]


class ProductIn(ProductRecord):
    """A product and its first draft. Empty `purposes`, `securities` and `regions` restrict nothing."""

    model_config = _example(EXAMPLE_PRODUCT)


class ProductChanges(InputSchema):
    """Terms to replace in a draft; what is left out stays. Null is for `valid_to`, `applies` and `requires` only."""

    model_config = _example({"valid_from": "2027-01-01", "amount": {"low_yuan": "500000", "high_yuan": "50000000"}})

    name: Phrase | None = None
    summary: Phrase | None = None
    subjects: Annotated[tuple[ProductSubject, ...], Field(min_length=1, max_length=3), Distinct] | None = None
    purposes: Annotated[tuple[PurposeCode, ...], Field(max_length=20), Distinct] | None = None
    amount: AmountRange | None = None
    term: TermRange | None = None
    rate: LendingRate | None = None
    tiers: Annotated[tuple[RateTier, ...], Field(max_length=20)] | None = None
    repayment_styles: Annotated[tuple[RepaymentStyle, ...], Field(min_length=1, max_length=10), Distinct] | None = None
    securities: Annotated[tuple[SecurityCode, ...], Field(max_length=20), Distinct] | None = None
    regions: Annotated[tuple[ProductRegion, ...], Field(max_length=129), Distinct] | None = None
    valid_from: IsoDate | None = None
    valid_to: IsoDate | None = None
    applies: RuleJson | None = None
    requires: RuleJson | None = None
    internal: Annotated[tuple[ConditionId, ...], Field(max_length=200), Distinct] | None = None
    notes: Annotated[tuple[Phrase, ...], Field(max_length=20)] | None = None

    def given(self) -> dict[str, Any]:
        """Only what was written, as JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


class ImpactIn(InputSchema):
    """Terms to try: those of `terms`, or those in force with `changes`, or (neither) those of the open draft.

    With `product_id` they are compared with its version in force on the day, else with nothing.
    """

    model_config = _example(
        {"terms": {key: EXAMPLE_PRODUCT[key] for key in EXAMPLE_PRODUCT if key not in {"slug", "bank"}}}
    )

    product_id: UUID | None = None
    terms: ProductTerms | None = None
    changes: ProductChanges | None = None
    as_of: IsoDate | None = None


class AmountOut(OutputSchema):
    low_yuan: Yuan
    high_yuan: Yuan


class TermOut(OutputSchema):
    low_months: int
    high_months: int


class LprOut(OutputSchema):
    """The LPR behind a rate on a day: since when it has this value, and whether it is only carried forward."""

    series: str
    name: str
    on: IsoDate
    percent: SignedPercent
    since: IsoDate
    known_through: IsoDate
    carried_forward: bool


class RateOut(OutputSchema):
    """A rate as agreed, and in percent a year as it comes to on the day (null: `note` says why not)."""

    kind: Literal["fixed", "lpr"]
    tenor: Literal["1y", "5y"] | None
    low_basis_points: int | None
    high_basis_points: int | None
    low_percent: SignedPercent | None
    high_percent: SignedPercent | None
    lpr: LprOut | None
    note: str | None


class RateTierOut(OutputSchema):
    name: str
    amount: AmountOut | None
    term: TermOut | None
    rate: RateOut


class ProductConditionOut(OutputSchema):
    """One condition. `generated` from the typed terms or the law, else the bank's own.

    `decides` says what its failure means: `applies` that the product is not for the case, `requires` that the case
    does not fit. An `internal` one is seen by the bank alone, others read that the bank examines it.
    """

    id: str
    fact: str
    label: str
    generated: bool
    decides: Literal["applies", "requires"]
    visibility: Literal["public", "internal"]
    own: str | None
    law: str | None


class ProductVersionOut(OutputSchema):
    """One version, its rates as of today. `revision` is the ETag; a published version changes by withdrawal only."""

    product_id: UUID
    version: int
    status: VersionStatus
    status_label: str
    revision: int
    slug: str
    bank: str
    name: str
    summary: str
    subjects: list[Subject]
    purposes: list[str]
    amount: AmountOut
    term: TermOut
    rate: RateOut
    tiers: list[RateTierOut]
    repayment_styles: list[RepaymentStyle]
    securities: list[str]
    regions: list[str]
    valid_from: IsoDate
    valid_to: IsoDate | None
    applies: dict[str, Any] | None
    requires: dict[str, Any] | None
    internal: list[str]
    conditions: list[ProductConditionOut]
    notes: list[str]
    published_on: IsoDate | None
    superseded_on: IsoDate | None
    withdrawn_on: IsoDate | None


class ProductVersionListOut(OutputSchema):
    items: list[ProductVersionOut]


class ProductBankOut(OutputSchema):
    code: str
    name: str
    kind: str
    kind_label: str


class ProductOut(OutputSchema):
    """A product with the version that people are shown: in force, else to come, else its newest.

    `draft_version` is the number of its open draft.
    """

    id: UUID
    slug: str
    bank: ProductBankOut
    status: VersionStatus
    status_label: str
    draft_version: int | None
    shown: ProductVersionOut


class ProductListOut(OutputSchema):
    items: list[ProductOut]
    next_cursor: str | None
    total: int | None


class ChangeCountsOut(OutputSchema):
    """By where the verdict goes: to eligible, to not eligible, to undecided. Null: fewer than `fewer_than`."""

    gain: int | None
    lose: int | None
    undecided: int | None


class VerdictCountsOut(OutputSchema):
    """By verdict. Null: fewer than `fewer_than`."""

    eligible: int | None
    possible: int | None
    no: int | None


class SampledOut(OutputSchema):
    """One case whose verdict changes. A need or a loan bears the name of its institution; banks read no names."""

    change: Change
    kind: CaseKind
    case_id: UUID | None
    institution_id: UUID | None
    name: str | None
    region_code: str
    region_name: str
    before: Verdict
    after: Verdict


class ImpactOut(OutputSchema):
    """What terms would change against the version in force (`against`; null: nothing was offered before).

    Counted by case, and by institution (once for each change that any of its cases goes through). A count that is
    null is smaller than `fewer_than`, which is null where all counts are exact.
    """

    as_of: IsoDate
    product_id: UUID | None
    against: int | None
    fewer_than: int | None
    cases: ChangeCountsOut
    institutions: ChangeCountsOut
    unchanged: int | None
    before: VerdictCountsOut
    after: VerdictCountsOut
    sample: list[SampledOut]


class PublishedProductOut(OutputSchema):
    """The version as it was published, and what it changes on its first day."""

    version: ProductVersionOut
    impact: ImpactOut
