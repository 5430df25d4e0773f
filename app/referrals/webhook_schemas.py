"""What endpoints of webhooks take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.access.organisation_schemas import SAYS
from app.http.idempotency import ShownOnce
from app.http.schemas import InputSchema, OutputSchema, Whole
from app.referrals.targets import LONGEST_URL

EXAMPLE_ENDPOINT: Final[dict[str, Any]] = {
    "url": "https://hooks.xugou-bank.example/yinqiao",
    "description": "虚构银行信贷系统",
}
LONGEST_OVERLAP_HOURS: Final = 168

Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_URL, pattern=r"^[!-~]+$"),
    Field(description="接收地址，https；只能到公网地址，或运行单位允许的内部网段"),
]
Description = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=SAYS)]


class WebhookDeliveryState(StrEnum):
    """Where a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class EndpointIn(InputSchema):
    """An address that is to get the bank's events."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_ENDPOINT]})

    url: Url
    description: Description | None = None


class EndpointPatch(InputSchema):
    """What may be changed; what is left out stays. The secret stays too: rotate it where the receiver is another."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"description": "虚构银行新信贷系统"}]}
    )

    url: Url | None = None
    description: Description | None = None


class RotateIn(InputSchema):
    """For how long the old secret goes on signing beside the new one; 0 ends it at once, as after a leak."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"overlap_hours": 24}]})

    overlap_hours: Annotated[Whole, Field(ge=0, le=LONGEST_OVERLAP_HOURS)] = 24


class EndpointOut(OutputSchema):
    """An endpoint; of its secrets nothing is shown."""

    id: UUID
    url: str
    description: str | None
    previous_secret_until: datetime | None = Field(description="旧密钥同时签名到何时；null 为只有一个密钥")
    disabled_at: datetime | None
    disabled_because: str | None = Field(description="by_bank 本行停用、gone 答复 410、failing 连续 3 天失败")
    failing_since: datetime | None = Field(description="自何时起没有收下任何推送")
    waiting: int = Field(description="尚未送达的推送数")
    created_at: datetime
    version: int


class NewSecretOut(EndpointOut):
    """An endpoint with its new secret, which is shown this once."""

    secret: ShownOnce


class EndpointListOut(OutputSchema):
    """A page of endpoints, the newest first."""

    items: list[EndpointOut]
    next_cursor: str | None
    total: int | None


class WebhookAttemptOut(OutputSchema):
    """One request: when, how long it took, and the status or what went wrong. What was answered is not kept."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    detail: str | None = Field(description="出错时的说明")


class WebhookDeliveryOut(OutputSchema):
    """One event on its way to one endpoint; a test has no event."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID | None
    type: str
    subject: str
    state: WebhookDeliveryState
    attempts: int
    next_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None
    version: int


class WebhookDeliveryListOut(OutputSchema):
    """A page of deliveries, the newest first."""

    items: list[WebhookDeliveryOut]
    next_cursor: str | None
    total: int | None


class WebhookDeliveryDetailOut(WebhookDeliveryOut):
    """A delivery with its latest attempts, the last one first."""

    history: list[WebhookAttemptOut]
