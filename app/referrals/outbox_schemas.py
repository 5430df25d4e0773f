"""An event as banks get it: the same CloudEvent in the feed and in a webhook."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import Field

from app.http.schemas import OutputSchema
from app.store.tables import OutboxEvent

SOURCE: Final = "urn:yinqiao"
MEDIA_TYPE: Final = "application/cloudevents+json"
# The width of CloudEvents' extension `sequence`, whose values compare as text.
_DIGITS: Final = 19


class BankEventOut(OutputSchema):
    """A CloudEvent 1.0, thin: `data` names rows, which the receiver reads over the API with its own key."""

    specversion: Literal["1.0"]
    id: UUID = Field(description="事件编号；重发时不变，据此去重")
    source: str
    type: str = Field(description="事件种类，如 cn.yinqiao.push.delivered")
    subject: str = Field(description="所关事项的编号；同一事项的事件按发生的先后送达")
    time: datetime
    sequence: str = Field(description="本行事件的序号，从 1 起连续，补零到 19 位，可按文本比较")
    datacontenttype: Literal["application/json"]
    data: dict[str, str]


class EventListOut(OutputSchema):
    """Some events in their order. `next_cursor` is never null: whoever has read everything asks again with it."""

    items: list[BankEventOut]
    next_cursor: str
    has_more: bool
    total: int | None


def event_out(row: OutboxEvent) -> BankEventOut:
    """A row as a CloudEvent."""
    return an_event(row.id, row.kind, row.subject, row.number, row.data, row.at)


def an_event(key: UUID, kind: str, subject: str, number: int, data: dict[str, str], at: datetime) -> BankEventOut:
    """A CloudEvent of these parts."""
    return BankEventOut(
        specversion="1.0",
        id=key,
        source=SOURCE,
        type=kind,
        subject=subject,
        time=at,
        sequence=str(number).zfill(_DIGITS),
        datacontenttype="application/json",
        data=data,
    )
