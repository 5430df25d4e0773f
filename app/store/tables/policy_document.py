"""Policy documents, their clauses in our own words, and the official text an operator may load."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime

# original: read from the issuing office's text; forwarded: read from the text that forwards it; secondary: press.
SOURCE_KINDS = ("original", "forwarded", "secondary")


class PolicyDocument(Keyed, Base):
    """One document with its 文号 (`number`), which a press source may lack."""

    __tablename__ = "policy_document"
    __table_args__ = (CheckConstraint("source_kind IN ('original', 'forwarded', 'secondary')", name="source_kind"),)

    slug: Mapped[str] = mapped_column(String(64), unique=True)
    number: Mapped[str | None] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date]
    territory: Mapped[str] = mapped_column(String(12))
    issuers: Mapped[list[str]] = mapped_column(Json)
    source_kind: Mapped[str] = mapped_column(String(16))
    status_note: Mapped[str | None] = mapped_column(Text)


class Clause(Keyed, Base):
    """One clause. `key` is part and number, since documents number their clauses afresh in each part."""

    __tablename__ = "clause"
    __table_args__ = (
        UniqueConstraint("document_id", "key"),
        CheckConstraint("ordinal >= 1", name="ordinal"),
        CheckConstraint("force IN ('O', 'E', 'I')", name="force"),
        CheckConstraint("decidability IN ('M', 'P')", name="decidability"),
    )

    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy_document.id"))
    key: Mapped[str] = mapped_column(String(32))
    part: Mapped[str | None] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(16))
    ordinal: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    departments: Mapped[list[str]] = mapped_column(Json)
    subject: Mapped[str] = mapped_column(Text)
    force: Mapped[str] = mapped_column(String(1))
    decidability: Mapped[str | None] = mapped_column(String(1))


class ClauseText(Base):
    """The official text of a clause, loaded by the operator from a file of its own and replaced on reload."""

    __tablename__ = "clause_text"
    __table_args__ = (CheckConstraint("length(source_sha256) = 64", name="source_sha256"),)

    clause_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clause.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    source_sha256: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
