"""Pushes over HTTP: what is sent and what is answered."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator

from app.http.schemas import InputSchema, OutputSchema
from app.referrals.pushes_selection import ListChange
from app.referrals.receipts import Way
from app.whitelist.entry_states import EntryState

MOST_BANKS: Final = 100
BankCode = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
Note = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00]*\S[^\x00]*$")]
EXAMPLE_PUSH: Final[dict[str, JsonValue]] = {
    "batch_id": None,
    "banks": ["xugou-city-bank"],
    "note": "虚构的说明：请各行三十日内反馈",
}


class PushIn(InputSchema):
    """A published batch or, with null, everything that has changed since each bank was last told; and the banks."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_PUSH]})

    batch_id: UUID | None = Field(default=None, description="批次编号；不写就推送全部变化（增量）")
    banks: Annotated[list[BankCode], Field(min_length=1, max_length=MOST_BANKS, description="银行代码，不重复")]
    note: Note | None = Field(default=None, description="给银行的说明，可不写")

    @model_validator(mode="after")
    def _each_bank_once(self) -> Self:
        if len(set(self.banks)) < len(self.banks):
            raise ValueError("banks 中每家银行只写一次")
        return self


class CountsOut(OutputSchema):
    """How many lines of each kind."""

    new: int
    changed: int
    suspended: int
    removed: int
    expired: int


class ReceiptOut(OutputSchema):
    """That a delivery got there: by which way, and when."""

    way: Way
    way_label: str
    received_at: datetime


class DeliveryOut(OutputSchema):
    """What one bank got. `answer_by` is the last day for what is new in it."""

    id: UUID
    push_id: UUID
    number: str
    bank: str
    bank_name: str
    items: int
    counts: CountsOut
    delivered_at: datetime
    delivered_on: date
    answer_by: date
    receipts: list[ReceiptOut]


class PushOut(OutputSchema):
    """One push with the deliveries that the caller may see; `batch_id` is null where it was everything changed."""

    id: UUID
    number: str
    batch_id: UUID | None
    batch_number: str | None
    note: str | None
    pushed_at: datetime
    pushed_on: date
    deliveries: list[DeliveryOut]


class PushListOut(OutputSchema):
    """The latest first."""

    items: list[PushOut]
    next_cursor: str | None
    total: int | None


class DeliveryLineOut(OutputSchema):
    """The list's line about an entry, and what is new to the bank about it."""

    entry_id: UUID
    change: ListChange
    change_label: str
    state: EntryState
    state_label: str
    subject_kind: str
    institution_id: UUID
    project_id: UUID | None
    name: str
    region_code: str
    region_name: str
    batch_number: str
    serial: int
    valid_from: date
    valid_to: date
    printed: dict[str, Any]


class ItemOut(DeliveryLineOut):
    """A line as it was delivered; `state_now` is what has become of the entry since."""

    ordinal: int
    state_now: EntryState


class ItemListOut(OutputSchema):
    """In the order of the delivery."""

    items: list[ItemOut]
    next_cursor: str | None
    total: int | None


class EarlierOut(OutputSchema):
    """What a bank has got before."""

    id: UUID
    number: str
    delivered_on: date
    items: int
    is_received: bool


class BankPreviewOut(OutputSchema):
    """What one bank would get: `items` lines; `known` entries it has as they are; and what it has got before."""

    bank: str
    bank_name: str
    items: int
    counts: CountsOut
    known: int
    earlier: list[EarlierOut]


class PreviewOut(OutputSchema):
    """What a push would deliver, bank by bank, if it were made now."""

    batch_id: UUID | None
    batch_number: str | None
    as_of: date
    banks: list[BankPreviewOut]


class LineListOut(OutputSchema):
    """The lines that one bank would get, by region."""

    items: list[DeliveryLineOut]
    next_cursor: str | None
    total: int | None
