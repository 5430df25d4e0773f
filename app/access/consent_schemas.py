"""What consents take and answer."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from app.access.consent_fields import FIELDS
from app.http.instants import Instant
from app.http.schemas import InputSchema, IsoDate, OutputSchema


class Purpose(StrEnum):
    """What a bank may use the figures for."""

    LOAN_APPLICATION = "loan_application"
    DUE_DILIGENCE = "due_diligence"
    POST_LOAN = "post_loan"
    MATCHING = "matching"


class ConsentState(StrEnum):
    """Where a consent stands today."""

    UPCOMING = "upcoming"
    LIVE = "live"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


PURPOSE_LABELS: Final = {
    Purpose.LOAN_APPLICATION: "贷款申请",
    Purpose.DUE_DILIGENCE: "尽职调查",
    Purpose.POST_LOAN: "贷后管理",
    Purpose.MATCHING: "产品匹配",
}
STATE_LABELS: Final = {
    ConsentState.UPCOMING: "尚未开始",
    ConsentState.LIVE: "有效",
    ConsentState.EXPIRED: "已到期",
    ConsentState.WITHDRAWN: "已撤回",
}
EXAMPLE_CONSENT: Final[dict[str, JsonValue]] = {
    "bank": "xugou-city-bank",
    "purpose": "loan_application",
    "fields": ["institution.annual_revenue_yuan", "contact.telephone"],
    "valid_from": "2026-11-20",
    "valid_to": "2027-11-20",
    "evidence": "法定代表人签字的授权书（虚构）",
}
FieldKey = Annotated[str, StringConstraints(max_length=80), WithJsonSchema({"type": "string", "enum": list(FIELDS)})]


class ConsentIn(InputSchema):
    """Which bank may see which fields, for what, from a day until another (half open), and what proves it.

    Evidence is a text, or an attachment of the institution, or both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_CONSENT]})

    bank: Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
    purpose: Purpose
    fields: Annotated[list[FieldKey], Field(min_length=1, max_length=len(FIELDS))]
    valid_from: IsoDate
    valid_to: IsoDate
    evidence: (
        Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")] | None
    ) = None
    attachment_id: UUID | None = None


class ConsentFieldOut(OutputSchema):
    """One field that a consent opens."""

    field: str
    label: str


class ConsentOut(OutputSchema):
    """A consent. `version` is what If-Match wants."""

    id: UUID
    version: int
    institution_id: UUID
    institution_name: str
    bank: str
    bank_name: str
    purpose: Purpose
    purpose_label: str
    fields: list[ConsentFieldOut]
    valid_from: IsoDate
    valid_to: IsoDate
    state: ConsentState
    state_label: str
    evidence: str | None
    attachment_id: UUID | None
    granted_at: Instant
    withdrawn_at: Instant | None


class ConsentListOut(OutputSchema):
    """`total` is null unless it was asked for."""

    items: list[ConsentOut]
    next_cursor: str | None
    total: int | None
