"""Projects of institutions, and what has been recorded about them."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, String, Table, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.rules.facts import Subject
from app.store.base import Base, Keyed
from app.store.fact_columns import fact_columns, history
from app.store.tables.institution import LIST_STATUS_CHECK
from app.store.types import UtcDateTime, new_key


class Project(Keyed, Base):
    """A project with its owner. It lies where it is built, which may be another county than its owner's."""

    __tablename__ = "project"
    __table_args__ = (
        CheckConstraint(LIST_STATUS_CHECK, name="list_status"),
        Index(None, "region_code", "id"),
        Index(None, "institution_id"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    name: Mapped[str] = mapped_column(Text)
    list_status: Mapped[str] = mapped_column(String(16), default="none")
    listed_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


project_version = Table(
    "project_version",
    Base.metadata,
    Column("id", Uuid, primary_key=True, default=new_key),
    Column("project_id", Uuid, ForeignKey("project.id"), nullable=False),
    Column("recorded_from", UtcDateTime, nullable=False),
    Column("recorded_to", UtcDateTime, nullable=True),
    Column("name", Text, nullable=False),
    Column("list_status", String(16), nullable=True),
    Column("listed_on", Date, nullable=True),
    *fact_columns(Subject.PROJECT),
    CheckConstraint(LIST_STATUS_CHECK, name="list_status"),
    *history("project_version", "project_id"),
)
