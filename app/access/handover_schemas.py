"""What hand-overs take and answer."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.access.account_schemas import Reason
from app.http.schemas import InputSchema, IsoDate, OutputSchema


class HandoverIn(InputSchema):
    """The open work of one person given to a colleague, until a day (half open) or for good."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "from_user_id": "0199f3c0-0000-7000-8000-000000000004",
                    "to_user_id": "0199f3c0-0000-7000-8000-000000000003",
                    "starts_on": "2026-12-01",
                    "ends_on": "2026-12-15",
                    "reason": "外出培训（虚构）",
                }
            ]
        },
    )

    from_user_id: UUID
    to_user_id: UUID
    starts_on: IsoDate
    ends_on: IsoDate | None = Field(default=None, description="到哪一天（不含当日）；不写为长期")
    reason: Reason

    @model_validator(mode="after")
    def _two_people_for_a_time(self) -> Self:
        if self.from_user_id == self.to_user_id:
            raise ValueError("from_user_id 与 to_user_id 须是两个人")
        if self.ends_on is not None and self.ends_on <= self.starts_on:
            raise ValueError("ends_on 须晚于 starts_on")
        return self


class HandoverOut(OutputSchema):
    """A hand-over with the names of both people."""

    id: UUID
    from_user_id: UUID
    from_name: str
    to_user_id: UUID
    to_name: str
    starts_on: date
    ends_on: date | None
    reason: str
    made_by: UUID
    created_at: datetime


class HandoverListOut(OutputSchema):
    """A page of hand-overs, the newest first."""

    items: list[HandoverOut]
    next_cursor: str | None
    total: int | None
