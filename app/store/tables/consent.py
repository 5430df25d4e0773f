"""Consents: which bank may see which of an institution's facts, for what, from when to when."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import UtcDateTime


class Consent(Keyed, Base):
    """One consent of an institution for one bank, from `valid_from` until `valid_to` (half open) or its withdrawal."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint("purpose IN ('loan_application', 'due_diligence', 'post_loan', 'matching')", name="purpose"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        Index(None, "institution_id", "bank_id"),
        Index(None, "bank_id"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    purpose: Mapped[str] = mapped_column(String(24))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    evidence: Mapped[str] = mapped_column(Text)
    attachment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("attachment.id"))
    granted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class ConsentField(Base):
    """One fact, by its key, that a consent opens."""

    __tablename__ = "consent_field"

    consent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consent.id"), primary_key=True)
    fact: Mapped[str] = mapped_column(String(80), primary_key=True)
