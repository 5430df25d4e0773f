"""The audit trail: events in hash chains, one chain for each city and day, and the seals over their heads."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime


class AuditEvent(Keyed, Base):
    """Who did or tried what, for which organisation, from where. Never changed, never deleted.

    `chain` is the acting office's city (1403), 14 for the province's own, 00 for the service itself and for nobody.
    `hash` covers every other column and `previous_hash`; names are kept beside ids, since people are renamed.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("chain", "day", "number"),
        CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name="hashes"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("outcome IN ('done', 'refused')", name="outcome"),
        Index(None, "at"),
        Index(None, "account_id", "at"),
        Index(None, "object_id"),
    )

    chain: Mapped[str] = mapped_column(String(6))
    day: Mapped[date] = mapped_column(Date)
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(80))
    outcome: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[uuid.UUID | None]
    account_name: Mapped[str | None] = mapped_column(Text)
    organisation_id: Mapped[uuid.UUID | None]
    organisation_name: Mapped[str | None] = mapped_column(Text)
    region_code: Mapped[str] = mapped_column(String(6))
    credential: Mapped[str] = mapped_column(String(64))
    object_type: Mapped[str | None] = mapped_column(String(40))
    object_id: Mapped[str | None] = mapped_column(String(120))
    changes: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)
    request_id: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(45))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The newest event of each chain and day; its row lock puts the writers of a chain in a row."""

    __tablename__ = "audit_head"

    chain: Mapped[str] = mapped_column(String(6), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    number: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class AuditSeal(Keyed, Base):
    """All heads at one moment, chained to the seal before. Exported seals are what edits are found against."""

    __tablename__ = "audit_seal"
    __table_args__ = (CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name="hashes"),)

    number: Mapped[int] = mapped_column(unique=True)
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    heads: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
