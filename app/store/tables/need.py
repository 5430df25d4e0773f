"""What money institutions want, for themselves or for one of their projects."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.rules.facts import Subject
from app.store.base import Base, Keyed
from app.store.fact_columns import fact_columns, history
from app.store.types import UtcDateTime, new_key

_STATUS_CHECK = "status IN ('open', 'met', 'withdrawn')"


class Need(Keyed, Base):
    """A need of an institution, open until it is met or withdrawn. Region and owner repeat for scope.

    Its versions repeat status and project, so that the past can be read from them.
    """

    __tablename__ = "need"
    __table_args__ = (
        CheckConstraint(_STATUS_CHECK, name="status"),
        Index(None, "region_code", "id"),
        Index(None, "institution_id"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    status: Mapped[str] = mapped_column(String(16), default="open")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


need_version = Table(
    "need_version",
    Base.metadata,
    Column("id", Uuid, primary_key=True, default=new_key),
    Column("need_id", Uuid, ForeignKey("need.id"), nullable=False),
    Column("recorded_from", UtcDateTime, nullable=False),
    Column("recorded_to", UtcDateTime, nullable=True),
    Column("status", String(16), nullable=True),
    Column("project_id", Uuid, nullable=True),
    *fact_columns(Subject.NEED),
    CheckConstraint(_STATUS_CHECK, name="status"),
    *history("need_version", "need_id"),
)
