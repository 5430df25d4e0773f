"""What batches and objections say over HTTP."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from app.http.instants import Instant
from app.http.schemas import InputSchema, IsoDate, OutputSchema, Text
from app.whitelist.batches_rows import MOST_ROWS

# Something that can be read: at least one character that is no blank.
_SAYS: Final = r"^[^\x00]*\S[^\x00]*$"
Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_SAYS)]
Reason = Annotated[Text, StringConstraints(min_length=1, pattern=_SAYS)]
DocumentNumber = Annotated[
    str, StringConstraints(min_length=1, max_length=60, pattern=_SAYS), Field(description="发文的文号")
]
Nominations = Annotated[tuple[UUID, ...], Field(max_length=MOST_ROWS, description="推荐的编号")]
_EXAMPLE_NOMINATION: Final = "00000000-0000-7000-8000-000000000001"


class BatchStatus(StrEnum):
    """Where a batch stands."""

    DRAFT = "draft"
    ON_NOTICE = "on_notice"
    PUBLISHED = "published"
    ABANDONED = "abandoned"


def _example(**values: JsonValue) -> ConfigDict:
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [values]})


class BatchIn(InputSchema):
    """A new batch of approved nominations; more can be added while it is a draft."""

    model_config = _example(title="2026年第一批（虚构）", nominations=[])

    title: Title
    nominations: Nominations = ()


class BatchPatch(InputSchema):
    """What changes. From a batch on notice nominations can only be removed; they then wait for another batch."""

    model_config = _example(add=[_EXAMPLE_NOMINATION])

    title: Title | None = None
    add: Nominations = ()
    remove: Nominations = ()


class NoticeIn(InputSchema):
    """The public notice, from the first to the last day, both included."""

    model_config = _example(notice_from="2026-11-21", notice_to="2026-11-27")

    notice_from: IsoDate
    notice_to: IsoDate


class PublishIn(InputSchema):
    """The number of the document with which the batch is published."""

    model_config = _example(document_number="晋民发〔2026〕88号（虚构）")

    document_number: DocumentNumber


class AbandonIn(InputSchema):
    """Why the batch is given up."""

    model_config = _example(reason="合并到下一批次（虚构）")

    reason: Reason


class ObjectionIn(InputSchema):
    """Who objects, as he or she wants to be reached, and on what grounds."""

    model_config = _example(who="虚构的李先生，电话 0353-0000000", text="该机构去年起已停业（虚构）")

    who: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_SAYS)]
    text: Reason


class DecisionIn(InputSchema):
    """Why the objection is upheld or dismissed."""

    model_config = _example(reason="实地核查，机构正常营业（虚构）")

    reason: Reason


class LineOut(OutputSchema):
    """A line of the list without the money that is wanted."""

    name: str
    owner: str | None
    number: str
    provisional: bool
    region_code: str
    city: str
    county: str
    kind: str
    beds: int | None


class ProblemOut(OutputSchema):
    """What is the matter with a line; a blocking problem has to be settled first."""

    nomination_id: UUID
    nomination_number: str
    name: str
    code: str
    detail: str
    blocking: bool


class _BatchOut(OutputSchema):
    id: UUID
    title: str
    state: BatchStatus
    state_label: str
    notice_from: date | None
    notice_to: date | None
    number: str | None
    document_number: str | None
    published_on: date | None
    rows: int
    version: int
    created_at: Instant


class BatchRowOut(_BatchOut):
    """A batch in a list; `rows` counts the lines in the caller's region."""


class BatchOut(_BatchOut):
    """A batch with who did what, and what stands in its way. Its lines stand below `/rows`."""

    drafted_by: UUID
    announced_by: UUID | None
    published_by: UUID | None
    abandon_reason: str | None
    problems: list[ProblemOut]


class BatchListOut(OutputSchema):
    items: list[BatchRowOut]
    next_cursor: str | None
    total: int | None


class BatchLineOut(OutputSchema):
    """A line of a batch as it is printed: frozen from the notice on, of a draft as it would be today."""

    serial: int | None
    nomination_id: UUID
    nomination_number: str
    line: LineOut


class BatchLinesOut(OutputSchema):
    items: list[BatchLineOut]
    next_cursor: str | None
    total: int | None


class ObjectionOut(OutputSchema):
    """An objection, and what became of it."""

    id: UUID
    batch_id: UUID
    nomination_id: UUID
    nomination_number: str
    who: str
    text: str
    recorded_at: Instant
    decision: str | None
    reason: str | None
    decided_at: Instant | None
    version: int


class ObjectionListOut(OutputSchema):
    items: list[ObjectionOut]
    next_cursor: str | None
    total: int | None
