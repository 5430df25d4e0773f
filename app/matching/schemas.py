"""What eligibility checks, rule checks and quotes take and answer."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, WithJsonSchema

from app.http.schemas import Citation, InputSchema, IsoDate, OutputSchema, SignedPercent, Yuan
from app.matching.build import Outcome, WindowState
from app.matching.facts_schema import MOST_FACTS, facts_schema
from app.matching.quote_schemas import QuoteOut, YearlyPercent
from app.programmes.models import Confidence, Force
from app.subsidy import RepaymentStyle


def _not_too_many(facts: dict[str, Any]) -> dict[str, Any]:
    if len(facts) > MOST_FACTS:
        raise ValueError(f"一次最多写 {MOST_FACTS} 项事实")
    return facts


FactsIn = Annotated[dict[str, Any], AfterValidator(_not_too_many), WithJsonSchema(facts_schema())]
TruthWord = Literal["true", "false", "unknown"]

EXAMPLE_CHECK: Final[dict[str, JsonValue]] = {
    "facts": {
        "project.is_kangyang": True,
        "project.region_code": "140105",
        "project.investor": "social",
        "project.investment_yuan": "480000000",
        "loan.principal_yuan": "20000000",
        "loan.drawn_on": "2022-07-01",
        "loan.due_on": "2025-07-01",
        "loan.contract_rate_percent": "4.45",
    },
    "as_of": "2025-06-01",
}


class EligibilityCheckIn(InputSchema):
    """The facts of one case, asked about on a day (today if absent)."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_CHECK]})

    facts: FactsIn
    as_of: IsoDate | None = None
    include: Annotated[tuple[Literal["not_applicable", "informative"], ...], Field(max_length=10)] = ()


class ConditionOut(OutputSchema):
    """One condition.

    `any_of` names the group that it belongs to and `alternative` the member of that group: a group is met when all
    conditions of one of its alternatives are. Both are null for a condition that is needed by itself.
    """

    id: str
    fact: str
    label: str
    own: str | None
    wanted: str
    truth: TruthWord
    sentence: str
    provenance: str | None
    citation: Citation
    any_of: str | None
    alternative: str | None


class StepOut(OutputSchema):
    """One step of advice: the fact, the value to reach, and how far that is."""

    fact: str
    label: str
    target: str
    distance: str


class AdviceOut(OutputSchema):
    """Steps that together make the case eligible; none of them can be left out."""

    steps: list[StepOut]
    sentence: str


class MissingOut(OutputSchema):
    fact: str
    label: str


class BenefitOut(OutputSchema):
    """What one gets; a null amount is set by whom `set_by` names."""

    kind: str
    gives: str
    share: str | None
    longest_months: int | None
    amount_yuan: Yuan | None
    per: str | None
    ceiling_yuan: Yuan | None
    set_by: str | None


class ProgrammeMatchOut(OutputSchema):
    """One programme's answer. `outcome` and `window` are independent: met conditions may come too late."""

    slug: str
    name: str
    outcome: Outcome
    outcome_label: str
    window: WindowState
    window_label: str
    near_miss: bool
    confidence: Confidence
    force: Force
    citation: Citation
    benefit: BenefitOut
    departments: list[str]
    conditions: list[ConditionOut]
    missing: list[str]
    missing_labels: list[MissingOut]
    advice: list[AdviceOut]
    notes: list[str]
    quote: QuoteOut | None


class LendingRateOut(OutputSchema):
    """A product's rate on a day, in percent a year; null ends where the LPR of that day is not known."""

    low_percent: SignedPercent | None
    high_percent: SignedPercent | None
    series: str | None
    on: IsoDate
    note: str | None


class NetRateOut(OutputSchema):
    """The low end of a product's rate after the interest subsidy of a programme, which the case has or may have.

    A loan of the amount and term wanted, drawn whole on the day; rates are internal rates of return.
    """

    programme: str
    programme_name: str
    programme_outcome: Outcome
    principal_yuan: Yuan
    due_on: IsoDate
    repayment_style: RepaymentStyle
    gross_rate_percent: YearlyPercent | None
    net_rate_percent: YearlyPercent | None
    subsidy_yuan: Yuan
    note: str


class ProductMatchOut(OutputSchema):
    """One bank product's answer. Internal conditions of the bank read 由银行审核 and nothing else."""

    slug: str
    product_id: UUID
    version: int
    name: str
    bank: str
    bank_name: str
    outcome: Outcome
    outcome_label: str
    window: WindowState
    window_label: str
    near_miss: bool
    conditions: list[ConditionOut]
    missing: list[str]
    missing_labels: list[MissingOut]
    advice: list[AdviceOut]
    notes: list[str]
    rate: LendingRateOut
    net_rate: NetRateOut | None


class EligibilityCheckOut(OutputSchema):
    """Ranked answers: eligible, in scope, needs information, near miss, ineligible; open windows first.

    `counts` counts every outcome, those not listed included.
    """

    as_of: IsoDate
    counts: dict[Outcome, int]
    programmes: list[ProgrammeMatchOut]
    products: list[ProductMatchOut]
    disclaimer: str
