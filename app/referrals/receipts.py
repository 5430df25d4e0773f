"""That a bank got a delivery, and by which way: confirmed by a person, or taken by its system."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import CursorResult, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import DeliveryReceipt


class Way(StrEnum):
    """How a bank got it."""

    CONFIRMED = "confirmed"
    EVENTS = "events"
    WEBHOOK = "webhook"


WAY_LABELS: Final = {
    Way.CONFIRMED: "人工确认签收",
    Way.EVENTS: "系统取走事件",
    Way.WEBHOOK: "系统推送送达",
}


def note_receipt(session: Session, delivery_id: UUID, way: Way, at: datetime, account_id: UUID | None = None) -> bool:
    """Note that a delivery got there this way, once; whether that was new."""
    # SQLite's trigger, which keeps receipts from being replaced, refuses a second one before the conflict is seen.
    if session.get(DeliveryReceipt, (delivery_id, way.value)) is not None:
        return False
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"delivery_id": delivery_id, "way": way.value, "account_id": account_id, "received_at": at}
    added = insert(DeliveryReceipt).values(row).on_conflict_do_nothing()
    result = session.execute(added, execution_options={"preserve_rowcount": True})
    if not isinstance(result, CursorResult):
        raise TypeError("an INSERT says how many rows it made")
    return result.rowcount == 1


def receipts_of(session: Session, delivery_ids: Collection[UUID]) -> dict[UUID, list[DeliveryReceipt]]:
    """The receipts of each of some deliveries, the first one first."""
    query = select(DeliveryReceipt).where(DeliveryReceipt.delivery_id.in_(delivery_ids))
    found: dict[UUID, list[DeliveryReceipt]] = {one: [] for one in delivery_ids}
    for row in session.scalars(query.order_by(DeliveryReceipt.received_at, DeliveryReceipt.way)):
        found[row.delivery_id].append(row)
    return found
