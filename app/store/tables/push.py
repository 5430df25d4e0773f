"""Pushes of the list to banks: one numbered delivery for each bank, what it held, and how the bank got it.

Nothing of a push is ever changed. What was delivered is frozen as it was; what has become of an entry since is a
further delivery.
"""

import uuid
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime

_CHANGES: Final = "change IN ('new', 'changed', 'suspended', 'removed', 'expired')"
_STATES: Final = "state IN ('listed', 'suspended', 'removed', 'expired')"


class Push(Keyed, Base):
    """One push of a batch (`batch_id`), or of all that has changed (NULL), to some banks; 晋推2026-0001."""

    __tablename__ = "push"
    __table_args__ = (UniqueConstraint("number"), UniqueConstraint("year", "ordinal"))

    region_code: Mapped[str] = mapped_column(String(6))
    number: Mapped[str] = mapped_column(String(40))
    year: Mapped[int]
    ordinal: Mapped[int]
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batch.id"))
    note: Mapped[str | None] = mapped_column(Text)
    pushed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    pushed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    pushed_on: Mapped[date]


class Delivery(Keyed, Base):
    """What one bank gets in a push; 晋推2026-0001-03. `answer_by` is the last day for what is new in it."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("items >= 1", name="items"),
        CheckConstraint("answer_by >= delivered_on", name="answer_by"),
        UniqueConstraint("number"),
        UniqueConstraint("push_id", "ordinal"),
        UniqueConstraint("push_id", "bank_id"),
        Index(None, "bank_id", "id"),
    )

    push_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("push.id"))
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    ordinal: Mapped[int]
    number: Mapped[str] = mapped_column(String(40))
    items: Mapped[int]
    delivered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    delivered_on: Mapped[date]
    answer_by: Mapped[date]


class DeliveryItem(Base):
    """One entry of the list as it was delivered: what had changed, and the list's line about it.

    `event_number` is the last event of the entry that the bank knows from then on.
    """

    __tablename__ = "delivery_item"
    __table_args__ = (
        CheckConstraint(_CHANGES, name="change"),
        CheckConstraint(_STATES, name="state"),
        CheckConstraint("(change IN ('new', 'changed')) = (state = 'listed')", name="change_of_state"),
        Index(None, "entry_id"),
    )

    delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("whitelist_entry.id"), primary_key=True)
    ordinal: Mapped[int]
    region_code: Mapped[str] = mapped_column(String(6))
    change: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    subject_kind: Mapped[str] = mapped_column(String(16))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    batch_number: Mapped[str] = mapped_column(String(40))
    serial: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    event_number: Mapped[int]
    printed: Mapped[dict[str, Any]] = mapped_column(Json)


class DeliveryReceipt(Base):
    """That a delivery reached its bank: confirmed by a person, fetched as an event, or taken by the bank's system.

    Each way is noted once. A person is named where a person confirmed it.
    """

    __tablename__ = "delivery_receipt"
    __table_args__ = (
        CheckConstraint("way IN ('confirmed', 'events', 'webhook')", name="way"),
        CheckConstraint("(way = 'confirmed') <= (account_id IS NOT NULL)", name="account"),
    )

    delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    way: Mapped[str] = mapped_column(String(16), primary_key=True)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
