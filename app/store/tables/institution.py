"""Institutions: who they are, and what has been recorded about them, version by version."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, String, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.rules.facts import Subject
from app.store.base import Base, Keyed
from app.store.fact_columns import fact_columns, history
from app.store.types import UtcDateTime, new_key

LIST_STATUS_CHECK = "list_status IN ('none', 'listed', 'suspended', 'removed', 'expired')"


class Institution(Keyed, Base):
    """One site of a legal person. Without a USCC it carries a provisional local number.

    `version` counts the changes for optimistic locking; name and region repeat the open version for scope and search.
    `list_status` belongs to the white list, which alone sets it; versions repeat it, so that the past can be read.
    """

    __tablename__ = "institution"
    __table_args__ = (
        UniqueConstraint("uscc", "site_number"),
        UniqueConstraint("provisional_number"),
        CheckConstraint("(uscc IS NULL) <> (provisional_number IS NULL)", name="one_number"),
        CheckConstraint("site_number >= 1", name="site_number"),
        CheckConstraint(LIST_STATUS_CHECK, name="list_status"),
        Index(None, "region_code", "id"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    uscc: Mapped[str | None] = mapped_column(String(18))
    provisional_number: Mapped[str | None] = mapped_column(String(32))
    site_number: Mapped[int] = mapped_column(default=1)
    name: Mapped[str] = mapped_column(Text)
    # The name as people type it: characters, pinyin and initials (see app/store/search.py).
    search_key: Mapped[str] = mapped_column(Text, server_default="")
    list_status: Mapped[str] = mapped_column(String(16), default="none")
    listed_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


# Facts are always handled by key, from the catalogue to the column, so this is a table and not a class.
institution_version = Table(
    "institution_version",
    Base.metadata,
    Column("id", Uuid, primary_key=True, default=new_key),
    Column("institution_id", Uuid, ForeignKey("institution.id"), nullable=False),
    Column("recorded_from", UtcDateTime, nullable=False),
    Column("recorded_to", UtcDateTime, nullable=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=True),
    Column("legal_representative", Text, nullable=True),
    Column("contact_person", Text, nullable=True),
    Column("telephone", String(40), nullable=True),
    Column("list_status", String(16), nullable=True),
    Column("listed_on", Date, nullable=True),
    *fact_columns(Subject.INSTITUTION),
    CheckConstraint(LIST_STATUS_CHECK, name="list_status"),
    *history("institution_version", "institution_id"),
)


class SearchGram(Base):
    """One n-gram of an institution's name: two characters of it, of its pinyin, or of its initials."""

    __tablename__ = "search_gram"

    gram: Mapped[str] = mapped_column(String(16), primary_key=True)
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"), primary_key=True)
