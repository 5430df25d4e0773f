"""What the list and its changes say over HTTP."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from app.http.instants import Instant
from app.http.schemas import InputSchema, OutputSchema, Text
from app.rules import codes
from app.whitelist.batches_schemas import DocumentNumber, LineOut, Reason
from app.whitelist.entry_states import EntryAction, EntryState

_EXAMPLE: Final[dict[str, JsonValue]] = {
    "reason_code": "risk_reported",
    "document_number": "晋民函〔2026〕9号（虚构）",
    "note": "有群众反映预收费未退，核查期间暂停（虚构）",
}
SubjectKind = Literal["institution", "project"]
Kind = Annotated[str, Field(json_schema_extra={"enum": list(codes.KINDS)}, pattern="^(" + "|".join(codes.KINDS) + ")$")]


class ActIn(InputSchema):
    """Why something is done to an entry, and by which document."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    reason_code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
    document_number: DocumentNumber
    note: Reason | None = None


class EntryRowOut(OutputSchema):
    """An entry as it was on the day that was asked about; `version` is today's."""

    id: UUID
    batch_number: str
    serial: int
    subject_kind: SubjectKind
    institution_id: UUID
    project_id: UUID | None
    line: LineOut
    state: EntryState
    state_label: str
    valid_from: date
    valid_to: date
    version: int


class EntryListOut(OutputSchema):
    as_of: date
    items: list[EntryRowOut]
    next_cursor: str | None
    total: int | None


class EventOut(OutputSchema):
    """One thing that became of an entry; the machine has no account. `valid_to` is exclusive."""

    number: int
    action: EntryAction
    action_label: str
    from_state: str
    to_state: EntryState
    effective_on: date
    at: Instant
    by: UUID | None
    reason_code: str | None
    document_number: str | None
    note: str | None
    valid_to: date


class EntryOut(EntryRowOut):
    """An entry with all that became of it, and the facts frozen at its admission.

    `snapshot` is null for a bank that does not reach the institution now; `masked` names the facts kept back from it.
    """

    nomination_id: UUID
    batch_id: UUID
    events: list[EventOut]
    snapshot: dict[str, Any] | None
    masked: list[str]


class ChangeOut(OutputSchema):
    """One increment of the list."""

    entry_id: UUID
    institution_id: UUID
    project_id: UUID | None
    name: str
    number: str
    region_code: str
    action: EntryAction
    action_label: str
    state: EntryState
    effective_on: date
    valid_to: date
    reason_code: str | None
    document_number: str | None
    at: Instant


class ChangesOut(OutputSchema):
    """Increments in the order in which they happened. `cursor` is where to go on, now or later; `more` says now."""

    items: list[ChangeOut]
    cursor: str
    more: bool


class PublicEntryOut(OutputSchema):
    """What anybody may know of an entry: what is printed, without the money that is wanted."""

    batch_number: str
    serial: int
    subject_kind: SubjectKind
    line: LineOut
    valid_from: date
    valid_to: date


class PublicBatchOut(OutputSchema):
    """A batch of which something stands on the list today."""

    number: str
    published_on: date


class PublicListOut(OutputSchema):
    """What stands on the list today; `batches`, newest first, are those of all of it, whatever was asked."""

    as_of: date
    notice: Text
    batches: list[PublicBatchOut]
    items: list[PublicEntryOut]
    next_cursor: str | None
    total: int | None
