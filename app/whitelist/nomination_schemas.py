"""Nominations over HTTP: what is sent and what is answered."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.http.schemas import Citation, InputSchema, OutputSchema
from app.rules.given import Provenance
from app.whitelist.criteria import Effect, Standing
from app.whitelist.states import Action, State
from app.whitelist.working_days import Basis

SubjectKind = Literal["institution", "project"]
# The regions have levels of their own under the same name, so the words stand where they are used.
LevelWord = Literal[
    "applicant", "county", "city", "province", "county_appeal", "city_appeal", "province_appeal", "batch"
]
MAX_NOTE = 1_000
Note = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE, pattern=r"^[^\x00]*\S[^\x00]*$")]


class NominationIn(InputSchema):
    """What is to be nominated: an institution, or a project by its own id."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"subject_kind": "institution", "subject_id": "01929a3e-7c00-7000-8000-000000000001"}]
        }
    )

    subject_kind: SubjectKind = Field(description="推荐的是机构还是项目")
    subject_id: UUID = Field(description="机构或项目的编号")


class RemarkIn(InputSchema):
    """A step that needs no reason; a remark may go with it. Send {} for none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "虚构的说明：材料已当面核对"}]})

    note: Note | None = Field(default=None, description="说明，可不写")


class GroundsIn(InputSchema):
    """Why a refusal is appealed against."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "虚构的申诉理由：消防验收意见已于上月补办"}]})

    note: Note = Field(description="申诉的事实和理由，必填")


class ReasonedIn(InputSchema):
    """Why something is returned or refused: a code of GET /whitelist/reasons, and what it means in this case."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason_code": "incomplete_file", "note": "虚构的说明：请补交消防验收意见"}]}
    )

    reason_code: Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z_]{1,39}$")] = Field(
        description="理由代码，见 GET /whitelist/reasons"
    )
    note: Note = Field(description="具体说明：缺什么、错在哪里、怎样补正，必填")


class ReasonOut(OutputSchema):
    """A reason that may be named, and the actions that it is for."""

    code: str
    label: str
    used_for: list[str]


class ReasonsOut(OutputSchema):
    """The reasons in use today."""

    items: list[ReasonOut]


class ContradictionOut(OutputSchema):
    """The value that the other side gave of the same fact: declared where the present one was checked, or checked."""

    value: str
    provenance: Provenance
    by: str | None
    on: date | None
    sentence: str


class CriterionOut(OutputSchema):
    """One condition with the own value and who vouches for it. Exclusions are worded as what must not be.

    `truth` is true where it is met; unknown is neither. Of conditions with the same `any_of`, one `alternative` is
    enough.
    """

    id: str
    effect: Effect
    fact: str
    label: str
    own: str | None
    wanted: str
    truth: Literal["true", "false", "unknown"]
    sentence: str
    provenance: Provenance | None
    by: str | None
    on: date | None
    contradiction: ContradictionOut | None
    citation: Citation
    any_of: str | None
    alternative: str | None


class MissingFactOut(OutputSchema):
    """A fact that is not known and keeps a condition undecided."""

    fact: str
    label: str


class CriteriaOut(OutputSchema):
    """What the criteria of a day say: `met` lets it go forward, everything else does not."""

    as_of: date
    standing: Standing
    standing_label: str
    conditions: list[CriterionOut]
    missing: list[MissingFactOut]


class NominationStepOut(OutputSchema):
    """One step: who moved it from where to where, and why. Institutions see the office, not the person.

    `in_place_of` is county where the city acted for a vacant county. `checks` are the conditions as they stood then.
    """

    number: int
    action: Action
    action_label: str
    from_state: State
    to_state: State
    to_state_label: str
    level: LevelWord
    level_label: str
    organisation: str | None
    person: str | None
    at: datetime
    reason_code: str | None
    reason_label: str | None
    note: str | None
    in_place_of: LevelWord | None
    checks: CriteriaOut | None


class NominationRowOut(OutputSchema):
    """A nomination in a list. `due_on` is the last day for the next decision, after a refusal for the appeal."""

    id: UUID
    number: str
    subject_kind: SubjectKind
    institution_id: UUID
    institution_name: str
    project_id: UUID | None
    project_name: str | None
    region_code: str
    region_name: str
    state: State
    state_label: str
    due_on: date | None
    overdue: bool
    batch_id: UUID | None
    version: int
    created_at: datetime


class NominationListOut(OutputSchema):
    """A page of nominations."""

    items: list[NominationRowOut]
    next_cursor: str | None
    total: int | None


class NominationOut(NominationRowOut):
    """A nomination with its steps, the criteria as they stand today, and what the caller may do with it now.

    `calendar` says what the deadline was counted by: the published holidays, or weekdays where a year's are not known.
    """

    calendar: Basis | None
    working_days_left: int | None
    actions: list[Action]
    steps: list[NominationStepOut]
    criteria: CriteriaOut


class ToDoOut(NominationRowOut):
    """What waits for the caller: how long it may still wait, and what the caller may do with it."""

    calendar: Basis | None
    working_days_left: int | None
    actions: list[Action]


class ToDoListOut(OutputSchema):
    """A page of what waits for the caller, the earliest deadline first."""

    items: list[ToDoOut]
    next_cursor: str | None
    total: int | None
