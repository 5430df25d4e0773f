"""What the matches of a case answer: summaries of offers, and the bundle of programmes that may be had together."""

from datetime import datetime
from uuid import UUID

from app.cases.select import CaseKind
from app.http.schemas import IsoDate, OutputSchema
from app.matching.build import Outcome, WindowState
from app.matching.quote_schemas import TotalYuan
from app.matching.schemas import LendingRateOut, NetRateOut, ProductMatchOut, ProgrammeMatchOut


class CaseOut(OutputSchema):
    """An institution, or one of its projects, needs or loans."""

    kind: CaseKind
    id: UUID
    institution_id: UUID
    project_id: UUID | None
    name: str
    region_code: str
    region_name: str


class ProgrammeSummaryOut(OutputSchema):
    """One programme in brief; `advice` is the first of the ways to become eligible."""

    slug: str
    name: str
    outcome: Outcome
    outcome_label: str
    window: WindowState
    window_label: str
    near_miss: bool
    missing: list[str]
    advice: str | None


class ProductSummaryOut(OutputSchema):
    """One product in brief, with its rate on the day and what an interest subsidy leaves of it."""

    slug: str
    product_id: UUID
    name: str
    bank_name: str
    outcome: Outcome
    outcome_label: str
    window: WindowState
    window_label: str
    near_miss: bool
    missing: list[str]
    advice: str | None
    rate: LendingRateOut
    net_rate: NetRateOut | None


class BundledOut(OutputSchema):
    """A programme of the bundle; null amounts are not known. `counted` is false for what only the press says."""

    slug: str
    name: str
    outcome: Outcome
    amount_yuan: TotalYuan | None
    low_yuan: TotalYuan | None
    high_yuan: TotalYuan | None
    counted: bool


class LeftOutOut(OutputSchema):
    """A programme that the case could have, but not beside those of the bundle."""

    slug: str
    name: str
    excluded_by: list[str]
    sentence: str


class BundleOut(OutputSchema):
    """The programmes that pay most together. The total sums what is known; `has_unknown_amounts` says if more comes."""

    programmes: list[BundledOut]
    left_out: list[LeftOutOut]
    total_yuan: TotalYuan
    low_yuan: TotalYuan
    high_yuan: TotalYuan
    has_unknown_amounts: bool


class MatchesOut(OutputSchema):
    """What a case is eligible for, best first: summaries, or with `expand=conditions` everything.

    `counts` counts every outcome; offers that are not for this case are counted and, unless one is asked for by its
    slug, not listed.
    """

    case: CaseOut
    as_of: IsoDate
    known_at: datetime | None
    programme_counts: dict[Outcome, int]
    product_counts: dict[Outcome, int]
    programmes: list[ProgrammeSummaryOut] | list[ProgrammeMatchOut]
    products: list[ProductSummaryOut] | list[ProductMatchOut]
    bundle: BundleOut
    disclaimer: str
