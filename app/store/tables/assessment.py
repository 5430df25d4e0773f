"""Assessments: what was said of a case on a day, with all that it was said from. Written once, never changed."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime


class Assessment(Keyed, Base):
    """One assessment of one case; region, owner and name repeat what they were, for scope and for people.

    `frozen` holds the facts, parameters and offers that went in, `results` the outcomes, leaf truths and sentences
    that came out.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        CheckConstraint("kind IN ('institution', 'project', 'need', 'loan')", name="kind"),
        Index(None, "region_code", "id"),
        Index(None, "institution_id"),
        Index(None, "assessed_at", "id"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    kind: Mapped[str] = mapped_column(String(16))
    case_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(Text)
    as_of: Mapped[date]
    assessed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    frozen: Mapped[dict[str, Any]] = mapped_column(Json)
    results: Mapped[list[dict[str, Any]]] = mapped_column(Json)
