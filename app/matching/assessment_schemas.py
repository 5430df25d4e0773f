"""What assessments take and answer."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, JsonValue

from app.http.schemas import InputSchema, IsoDate, OutputSchema
from app.matching.build import Outcome, WindowState
from app.matching.case_schemas import CaseOut
from app.matching.schemas import TruthWord
from app.rules.given import Provenance

_EXAMPLE: Final[dict[str, JsonValue]] = {
    "institution": "019a9f6e-0000-7000-8000-000000000001",
    "need": "019a9f6e-0000-7000-8000-000000000002",
    "as_of": "2026-11-20",
}


class AssessmentIn(InputSchema):
    """The case: an institution, or at most one of its projects, needs or loans; the day, today if absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    institution: UUID
    project: UUID | None = None
    need: UUID | None = None
    loan: UUID | None = None
    as_of: IsoDate | None = None


class AssessedFactOut(OutputSchema):
    """A fact as it stood: `value` as JSON, who vouched for it, and where an office did, since which day."""

    fact: str
    label: str
    value: Any
    provenance: Provenance
    on: IsoDate | None


class AssessedParameterOut(OutputSchema):
    """A parameter that a rule named, with its value on the day of the assessment."""

    key: str
    label: str
    unit: str
    value: str | None


class AssessedConditionOut(OutputSchema):
    """A condition with its verdict and the sentence that was shown; `at` is its place in the rule."""

    at: str
    id: str
    truth: TruthWord
    sentence: str
    source: str


class AssessedOut(OutputSchema):
    """What one version of a programme or product said, with its rule as it was (a bank's internal parts left out)."""

    kind: Literal["programme", "product"]
    slug: str
    name: str
    version: int
    content_hash: str
    rule: dict[str, Any] | None
    outcome: Outcome
    outcome_label: str
    window: WindowState
    near_miss: bool
    conditions: list[AssessedConditionOut]
    missing: list[str]
    advice: list[str]


class AssessmentOut(OutputSchema):
    """An assessment as it was made. It never changes."""

    id: UUID
    case: CaseOut
    as_of: IsoDate
    assessed_at: datetime
    facts: list[AssessedFactOut]
    parameters: list[AssessedParameterOut]
    results: list[AssessedOut]
    disclaimer: str


class AssessmentRowOut(OutputSchema):
    """One assessment of a list: of which case, for which day, and when it was made. What it says is read by its id."""

    id: UUID
    case: CaseOut
    as_of: IsoDate
    assessed_at: datetime


class AssessmentListOut(OutputSchema):
    items: list[AssessmentRowOut]
    next_cursor: str | None
    total: int | None


class DifferenceOut(OutputSchema):
    """Where a replay says something else: of an offer, its outcome, window, near miss or one condition (`at`)."""

    kind: str
    slug: str
    what: str
    before: str | None
    after: str | None


class ReplayOut(OutputSchema):
    """Whether the frozen input still gives the same outcomes and leaf truths. Nothing is stored."""

    assessment_id: UUID
    same: bool
    offers: int
    differences: list[DifferenceOut]
