"""What imports take and answer."""

from typing import Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict

from app.http.instants import Instant
from app.http.schemas import InputSchema, OutputSchema

Mode = Literal["atomic", "partial"]
Duplicates = Literal["hold", "add"]
JobState = Literal["checking", "checked", "unreadable", "applying", "applied", "undoing", "undone"]
RowOutcome = Literal["added", "updated", "unchanged", "duplicate", "wrong", "changed"]
EXAMPLE_APPLY: Final[dict[str, Any]] = {"mode": "partial", "duplicates": "hold"}


class ApplyIn(InputSchema):
    """How to write what was checked: all rows or none (atomic), or those that can be; duplicates held back or added."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_APPLY]})

    mode: Mode = "atomic"
    duplicates: Duplicates = "hold"


class OperationErrorOut(OutputSchema):
    """Why work failed."""

    code: str
    detail: str


class OperationOut(OutputSchema):
    """Work that goes on after its request. `total` is null until it is known; `result` is where its outcome stands."""

    id: UUID
    kind: Literal["check_import", "apply_import", "undo_import"]
    phase: JobState
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int | None
    error: OperationErrorOut | None
    result: str
    created_at: Instant
    finished_at: Instant | None


class ImportCountsOut(OutputSchema):
    """How many rows have which outcome; `written` is how many the registry has taken."""

    total: int
    added: int
    updated: int
    unchanged: int
    duplicate: int
    wrong: int
    changed: int
    written: int


class UnknownColumnOut(OutputSchema):
    """A column of the sheet that was not read, and the heading that may be meant."""

    column: str
    heading: str
    suggestion: str | None


class ImportRowOut(OutputSchema):
    """An import in a list."""

    id: UUID
    file_name: str
    size: int
    state: JobState
    dry_run: bool
    mode: Mode
    duplicates: Duplicates
    region_code: str
    version: int
    created_at: Instant
    applied_at: Instant | None
    undone_at: Instant | None


class ImportOut(ImportRowOut):
    """An import with what was found, the columns that were not read, further sheets, and its newest work."""

    counts: ImportCountsOut
    unknown_columns: list[UnknownColumnOut]
    other_sheets: list[str]
    undo_until: Instant | None
    operation: OperationOut


class ImportListOut(OutputSchema):
    """`total` is null unless it was asked for."""

    items: list[ImportRowOut]
    next_cursor: str | None
    total: int | None


class FieldDifferenceOut(OutputSchema):
    """A value that becomes another, as people read them; `checked_by` names who stood behind the old one."""

    field: str
    label: str
    old: str | None
    new: str | None
    checked_by: str | None


class NamesakeOut(OutputSchema):
    """A registered institution of the county with nearly the same name; likeness from 0 to 100."""

    id: UUID
    name: str
    uscc: str | None
    provisional_number: str | None
    likeness: str


class RowProblemOut(OutputSchema):
    """What is wrong: the cell (null for the row as a whole), its heading, what is written there, what to write."""

    cell: str | None
    heading: str | None
    written: str | None
    detail: str
    code: str


class SheetRowOut(OutputSchema):
    """One row of the sheet, by its number there, with what becomes of it."""

    number: int
    outcome: RowOutcome
    name: str | None
    uscc: str | None
    site_number: int
    institution_id: UUID | None
    written: bool
    differences: list[FieldDifferenceOut]
    duplicates: list[NamesakeOut]
    problems: list[RowProblemOut]


class SheetRowListOut(OutputSchema):
    """`total` is null unless it was asked for."""

    items: list[SheetRowOut]
    next_cursor: str | None
    total: int | None
