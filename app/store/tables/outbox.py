"""What banks are told: events in the order of their commits, the addresses that get them, each delivery and attempt."""

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime

_WAITING: Final = text("state = 'waiting'")


class OutboxHead(Base):
    """The number of a bank's last event. Whoever appends holds the row until his commit, so commits come in its order.

    A reader who has seen number 7 therefore never finds a number 6 later on.
    """

    __tablename__ = "outbox_head"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)

    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class OutboxEvent(Keyed, Base):
    """One thing that a bank is told, written in the transaction of the change. Never changed.

    `subject` is what has to stay in order (the key of an entry); `data` holds ids and no facts.
    """

    __tablename__ = "outbox_event"
    __table_args__ = (
        UniqueConstraint("bank_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, str]] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebhookEndpoint(Keyed, Base):
    """An address of a bank that gets its events. Disabled, never deleted, so that its deliveries stay readable.

    Both secrets are encrypted; the previous one signs beside the current one until `previous_until`.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("disabled_because IN ('by_bank', 'gone', 'failing')", name="disabled_because"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_because IS NULL)", name="disabled"),
        CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous"),
        Index(None, "bank_id"),
    )

    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(String(200))
    current_secret: Mapped[str] = mapped_column(Text)
    previous_secret: Mapped[str | None] = mapped_column(Text)
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_because: Mapped[str | None] = mapped_column(String(16))
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class WebhookLane(Base):
    """How far the senders are with an endpoint, apart from what people wrote about it, which they read with an ETag.

    `position` is the last event that has a delivery, `due_at` when the next delivery is to be tried, `rests_until` how
    long the receiver asked to be left alone. One sender at a time holds the lane, until `leased_until`.
    """

    __tablename__ = "webhook_lane"
    __table_args__ = (
        CheckConstraint("(leased_until IS NULL) = (lease_token IS NULL)", name="lease"),
        Index(None, "bank_id"),
    )

    endpoint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_endpoint.id"), primary_key=True)
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    position: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rests_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    served_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_token: Mapped[uuid.UUID | None]


class WebhookDelivery(Keyed, Base):
    """One event on its way to one endpoint; without an event, the test that the bank asked for.

    `attempts` counts all of them, `tries` those since it was last put into the queue; `version` is the ETag.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="state"),
        CheckConstraint("(state = 'waiting') = (next_at IS NOT NULL)", name="next_at"),
        CheckConstraint("attempts >= tries", name="attempts"),
        Index(None, "endpoint_id", "id"),
        Index(
            "ix_webhook_delivery_waiting",
            *("endpoint_id", "subject", "number"),
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
    )

    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    endpoint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    event_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("outbox_event.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    subject: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class WebhookAttempt(Base):
    """One request of a delivery: when, how long, and the status or, without one, what went wrong. Never changed.

    Nothing of what the receiver answered is kept: an endpoint must not become a window into somebody's network.
    """

    __tablename__ = "webhook_attempt"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)

    delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_delivery.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    milliseconds: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(40))
