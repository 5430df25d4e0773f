"""What the inbox answers and takes."""

from datetime import date, datetime
from uuid import UUID

from pydantic import ConfigDict

from app.http.schemas import InputSchema, OutputSchema


class MessageOut(OutputSchema):
    """One message. `subject_kind` and `subject_id` name what it is about; `read_by` is whoever read it first."""

    id: UUID
    kind: str
    title: str
    body: str
    subject_kind: str
    subject_id: UUID
    due_on: date | None
    created_at: datetime
    read_at: datetime | None
    read_by: UUID | None


class InboxOut(OutputSchema):
    """A page of messages, the newest first, and how many of the whole inbox nobody has read."""

    items: list[MessageOut]
    next_cursor: str | None
    total: int | None
    unread: int


class ReadAllIn(InputSchema):
    """Up to which message, the newest that was on the page, all are read; without it, all that there are."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"up_to": "01990000-0000-7000-8000-000000000000"}]},
    )

    up_to: UUID | None = None


class ReadAllOut(OutputSchema):
    """How many messages were marked, and how many are left unread."""

    marked: int
    unread: int
