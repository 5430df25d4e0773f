"""Requests for consent over HTTP: what is sent and what is answered."""

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from app.access.consent_fields import FIELDS
from app.access.consent_schemas import ConsentFieldOut, FieldKey, Purpose
from app.http.schemas import InputSchema, IsoDate, OutputSchema

Said = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")]
EXAMPLE_REQUEST: Final[dict[str, JsonValue]] = {
    "institution_id": "01929a3e-7c00-7000-8000-000000000001",
    "purpose": "due_diligence",
    "fields": ["institution.annual_revenue_yuan", "contact.telephone"],
    "valid_from": "2026-11-20",
    "valid_to": "2027-02-20",
    "reason": "虚构的事由：核实营业收入，测算授信额度",
}


class ConsentRequestIn(InputSchema):
    """Which fields of an institution the bank asks to see, for what and why, from a day until another (half open)."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_REQUEST]})

    institution_id: UUID
    purpose: Purpose
    fields: Annotated[list[FieldKey], Field(min_length=1, max_length=len(FIELDS))]
    valid_from: IsoDate
    valid_to: IsoDate
    reason: Said = Field(description="为什么需要，机构会看到")


class RefusalIn(InputSchema):
    """Why the institution says no, if it wants to say so; the bank is told."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"note": "虚构的说明：暂无贷款打算"}]}
    )

    note: Said | None = None


class ConsentRequestOut(OutputSchema):
    """A request. `consent_id` is the consent that answered it; `version` is what If-Match wants."""

    id: UUID
    version: int
    institution_id: UUID
    institution_name: str
    bank: str
    bank_name: str
    purpose: Purpose
    purpose_label: str
    fields: list[ConsentFieldOut]
    valid_from: date
    valid_to: date
    reason: str
    state: str
    state_label: str
    consent_id: UUID | None
    refusal: str | None
    requested_at: datetime
    refused_at: datetime | None
    cancelled_at: datetime | None


class ConsentRequestListOut(OutputSchema):
    """The latest first."""

    items: list[ConsentRequestOut]
    next_cursor: str | None
    total: int | None
