"""What an office has attested of an institution or a project, and the files that support it."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import UtcDateTime

_OPEN = text("recorded_to IS NULL")


class Attestation(Keyed, Base):
    """One attestation: granted or refused by an office and a person on a day, until a day, with its evidence.

    `fact` is the key of the catalogue; `programme` is empty for a general one. It belongs to the institution, or to
    the project where `project_id` is set; `subject_id` is the id of whichever it is.
    """

    __tablename__ = "attestation"
    __table_args__ = (
        CheckConstraint("valid_until > attested_on", name="valid_until"),
        CheckConstraint("recorded_to > recorded_from", name="recorded"),
        Index(
            "uq_attestation_open",
            "subject_id",
            "fact",
            "programme",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_attestation_history", "subject_id", "fact", "recorded_from"),
        Index(None, "institution_id"),
    )

    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    subject_id: Mapped[uuid.UUID]
    fact: Mapped[str] = mapped_column(String(80))
    programme: Mapped[str] = mapped_column(String(80), default="")
    granted: Mapped[bool]
    office: Mapped[str] = mapped_column(Text)
    person: Mapped[str] = mapped_column(Text)
    attested_on: Mapped[date]
    valid_until: Mapped[date | None]
    evidence: Mapped[str | None] = mapped_column(Text)
    recorded_from: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_to: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Attachment(Keyed, Base):
    """A file of an institution; its content is stored once under its hash."""

    __tablename__ = "attachment"
    __table_args__ = (CheckConstraint("length(sha256) = 64", name="sha256"), Index(None, "institution_id"))

    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
